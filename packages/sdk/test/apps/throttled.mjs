// Joins a cgroup (argument: its directory), computes until it has been throttled a few times, and prints what it read of
// its host before and after, a line of JSON each.
import { writeFileSync } from 'node:fs';
import { createReadHost } from '../../dist/host/read-host.js';

const [dir] = process.argv.slice(2);
const readHost = createReadHost({ bootMs: 0 });
const throttled = (families) =>
  families.find(({ name }) => name === 'inference_cgroup_cpu_throttled_periods_total')?.series[0].value;

writeFileSync(`${dir}/cgroup.procs`, String(process.pid));
const before = readHost();
const until = Date.now() + 60_000;
let after = before;
while (!(throttled(after) - throttled(before) >= 5) && Date.now() < until) after = readHost();
process.stdout.write(`${JSON.stringify(before)}\n${JSON.stringify(after)}\n`);
