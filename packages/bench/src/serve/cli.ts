import { parseArgs } from 'node:util';
import { serveEfforts } from './efforts.ts';
import { lostServeTelemetry, outsideServeMargins } from './problems.ts';
import { formatServe } from './report.ts';
import { runServeBench, type ServePart, serveParts } from './run.ts';

const usageError = 2;

const { values } = parseArgs({
  options: {
    json: { type: 'boolean' },
    short: { type: 'boolean' },
    check: { type: 'boolean' },
    only: { type: 'string' },
    model: { type: 'string' },
    rivals: { type: 'boolean' },
    'serve-args': { type: 'string' },
  },
  allowNegative: true,
});

try {
  const report = await runServeBench({
    effort: serveEfforts[values.short ? 'short' : 'full'],
    ...(values.only !== undefined && { parts: partsOf(values.only) }),
    ...(values.model !== undefined && { directory: values.model }),
    ...(values['serve-args'] !== undefined && { serveArgs: values['serve-args'].split(' ') }),
    rivals: values.rivals ?? !values.short,
    // Progress goes to standard error: standard output is the report alone.
    say: (step) => process.stderr.write(`measuring ${step} …\n`),
  });
  if (values.json) for (const line of report.missing) process.stderr.write(`left out: ${line}\n`);
  process.stdout.write(values.json ? `${JSON.stringify(report)}\n` : `\n${formatServe(report)}`);
  const found = [...lostServeTelemetry(report), ...(values.check ? outsideServeMargins(report) : [])];
  for (const line of found) process.stderr.write(`${line}\n`);
  process.exitCode = found.length > 0 ? 1 : 0;
} catch (error) {
  const { message, stack } = error as Error;
  process.stderr.write(`bench:serve: ${error instanceof RangeError ? message : stack}\n`);
  process.exitCode = error instanceof RangeError ? usageError : 1;
}

function partsOf(text: string): ServePart[] {
  return text.split(',').map((name) => {
    const part = serveParts.find((known) => known === name.trim());
    if (part === undefined) throw new RangeError(`--only must be of ${serveParts.join(', ')}, got ${name}`);
    return part;
  });
}
