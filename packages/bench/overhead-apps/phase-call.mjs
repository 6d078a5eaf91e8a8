/**
 * What one call of `phase` costs where no trace is active, or where all is off: `node phase-call.mjs TELEMETRY CALLS
 * ROUNDS`. Prints `{"ns":…,"bytes":…}`: the median of the rounds, the call of an empty function included.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { startAllocationMeter } from '../dist/overhead/allocation-meter.js';
import { median } from '../dist/overhead/median.js';

const [name, calls, rounds] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const { createTelemetry } = await import(`./telemetry/${name}.mjs`);
const { phase } = createTelemetry(createRequire(join(process.cwd(), 'package.json')));

const nothing = () => {};
function loop(count) {
  for (let i = 0; i < count; i++) phase('run', nothing);
}

loop(calls);
const ns = [];
for (let round = 0; round < rounds; round++) {
  const start = process.hrtime.bigint();
  loop(calls);
  ns.push(Number(process.hrtime.bigint() - start) / calls);
  // Timers of the SDK get their turn between rounds.
  await new Promise(setImmediate);
}
const meter = startAllocationMeter();
loop(calls);
const bytes = meter.stop() / calls;
process.stdout.write(`${JSON.stringify({ ns: median(ns), bytes })}\n`);
// Whatever telemetry runs beside must not keep the process.
process.exit(0);
