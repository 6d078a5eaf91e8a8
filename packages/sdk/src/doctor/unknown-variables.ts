import type { Env } from '../config/env.ts';
import { otelVariables, otherVariables, ownVariables } from '../config/variables.ts';
import { type CheckFinding, check } from './finding.ts';

/** Kubernetes describes each Service in such variables: a Service named "inferometer" is no setting. */
const serviceLink =
  /^INFEROMETER(_[A-Z0-9_]+)?_(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT_\d+_(TCP|UDP|SCTP)(_.+)?)$/;

/** The farthest that a misspelt name may be from what was meant, in letters. */
const farthest = 4;

/**
 * A warning for each `OTEL_*` and `INFEROMETER_*` that nothing reads, with the nearest name that something does.
 * @param known names that others read
 */
export function unknownVariables(env: Env, known: readonly string[]): readonly CheckFinding[] {
  const names = new Set([
    ...[...ownVariables, ...otelVariables].flatMap(({ name, alsoFrom = [] }) => [name, ...alsoFrom]),
    ...otherVariables,
    ...known,
  ]);
  return Object.keys(env)
    .filter((name) => /^(OTEL|INFEROMETER)_/.test(name) && !names.has(name) && !serviceLink.test(name))
    .sort()
    .map((name) => {
      const near = nearest(name, [...names]);
      return check('warning', name, `is not read by anything here${near ? `; did you mean ${near}?` : ''}`);
    });
}

function nearest(name: string, names: readonly string[]): string | undefined {
  let best: string | undefined;
  let distance = farthest + 1;
  for (const one of names) {
    const letters = editDistance(name, one);
    if (letters < distance) [best, distance] = [one, letters];
  }
  return best;
}

/** Letters to insert, delete or replace (Levenshtein 1965). */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, at) => at);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
