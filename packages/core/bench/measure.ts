/** Measures one subject: `node --expose-gc measure.ts NAME`. Prints `{"ns":…,"bytes":…}` a call. */
import { type Subject, subjects } from './subjects.ts';

const rounds = 5;
const roundMs = 150;

const make = subjects[process.argv[2] as keyof typeof subjects];
const { run, perRun }: Subject = await make();

async function loop(runs: number): Promise<void> {
  for (let i = 0; i < runs; i++) {
    const done = run();
    if (done !== undefined) await done;
  }
}

/** Runs that fill a round. */
async function calibrate(): Promise<number> {
  let runs = 1;
  for (;;) {
    const start = performance.now();
    await loop(runs);
    const ms = performance.now() - start;
    if (ms > roundMs / 4) return Math.max(1, Math.round((runs * roundMs) / ms));
    runs *= 2;
  }
}

const runs = await calibrate();
await loop(runs);
const ns: number[] = [];
for (let round = 0; round < rounds; round++) {
  const start = process.hrtime.bigint();
  await loop(runs);
  ns.push(Number(process.hrtime.bigint() - start) / (runs * perRun));
}
// Few enough not to fill the young generation, which would be emptied in between.
const counted = Math.max(1, Math.min(runs, Math.round(100_000 / perRun)));
(globalThis as unknown as { gc(): void }).gc();
const before = process.memoryUsage().heapUsed;
await loop(counted);
const bytes = (process.memoryUsage().heapUsed - before) / (counted * perRun);
ns.sort((a, b) => a - b);
process.stdout.write(JSON.stringify({ ns: ns[rounds >> 1], bytes: Math.max(0, bytes) }));
process.exit(0);
