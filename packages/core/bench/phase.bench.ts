/**
 * What a call costs: `phase()` where telemetry is off, outside of a request, and in one; whole requests; observing a
 * histogram. `node packages/core/bench/phase.bench.ts [--json]`. Each row is measured in a process of its own, for V8
 * optimises a call for what it has seen; the medians of five rounds are printed, with the bytes that a call allocates.
 */
import { execFileSync } from 'node:child_process';
import { subjects } from './subjects.ts';

interface Row {
  readonly name: string;
  readonly ns: number;
  readonly bytes: number;
}

const script = new URL('./measure.ts', import.meta.url).pathname;

const rows: Row[] = Object.keys(subjects).map((name) => {
  // Young objects must stay where they are until they are counted.
  const flags = ['--expose-gc', '--max-semi-space-size=512', '--min-semi-space-size=512'];
  return {
    name,
    ...JSON.parse(execFileSync(process.execPath, [...flags, script, name], { encoding: 'utf8' })),
  };
});

if (process.argv.includes('--json')) process.stdout.write(`${JSON.stringify({ rows })}\n`);
else
  console.table(
    rows.map(({ name, ns, bytes }) => ({ what: name, ns: ns.toFixed(1), bytes: bytes.toFixed(0) })),
  );
