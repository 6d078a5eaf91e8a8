import { parseArgs } from 'node:util';
import { outsideMargins } from './margins.ts';
import { formatReport } from './report.ts';
import { efforts, runBench } from './run.ts';

const { values } = parseArgs({
  options: { json: { type: 'boolean' }, short: { type: 'boolean' }, check: { type: 'boolean' } },
});
const effort = values.short ? efforts.short : efforts.full;
// Progress goes to standard error: standard output is the report alone.
const report = await runBench(effort, (step) => process.stderr.write(`measuring ${step} …\n`));
process.stdout.write(values.json ? `${JSON.stringify(report)}\n` : `\n${formatReport(report)}`);

if (values.check) {
  const found = outsideMargins(report);
  for (const line of found) process.stderr.write(`${line}\n`);
  process.exitCode = found.length > 0 ? 1 : 0;
}
