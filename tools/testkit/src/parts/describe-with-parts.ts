import { describe, test } from 'vitest';
import { findPart, howToGet, type Part } from './find-part.ts';
import { isCi } from './is-ci.ts';
import type { PartName } from './table.ts';

/** What becomes of a suite on this machine. */
export type Verdict<N extends PartName> =
  | { readonly outcome: 'run'; readonly parts: Readonly<Record<N, Part>> }
  | { readonly outcome: 'skip' | 'fail'; readonly reason: string };

/**
 * Runs a suite if its parts are there. Without one of them it is skipped where people work, and fails in continuous
 * integration, where a suite that is never run must not look like one that passes.
 * @param ci whether this is continuous integration
 */
export function judge<const N extends PartName>(names: readonly N[], ci: boolean): Verdict<N> {
  const found = names.map((name) => findPart(name));
  const missing = names.filter((_, index) => found[index] === undefined);
  if (missing.length === 0) {
    const parts = Object.fromEntries(names.map((name, index) => [name, found[index]]));
    return { outcome: 'run', parts: parts as Readonly<Record<N, Part>> };
  }
  return { outcome: ci ? 'fail' : 'skip', reason: `needs ${missing.map(howToGet).join(' and ')}` };
}

/** A vitest suite that needs real parts; `body` gets them by name. Without them: see `judge`. */
export function describeWithParts<const N extends PartName>(
  title: string,
  names: readonly N[],
  body: (parts: Readonly<Record<N, Part>>) => void,
): void {
  const verdict = judge(names, isCi());
  if (verdict.outcome === 'run') {
    describe(title, () => body(verdict.parts));
    return;
  }
  const { reason } = verdict;
  if (verdict.outcome === 'skip') describe.skip(title, () => test(reason, () => {}));
  else {
    describe(title, () => {
      test(reason, () => {
        throw new Error(`a part is missing, and under CI that is a failure: ${reason}`);
      });
    });
  }
}
