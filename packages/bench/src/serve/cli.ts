import { parseArgs } from 'node:util';
import { serveEfforts } from './efforts.ts';
import { mixes } from './mixes.ts';
import { lostServeTelemetry, outsideServeMargins } from './problems.ts';
import { formatServe } from './report.ts';
import { runServeBench, serveParts } from './run.ts';

const usageError = 2;

const { values } = parseArgs({
  options: {
    json: { type: 'boolean' },
    short: { type: 'boolean' },
    check: { type: 'boolean' },
    only: { type: 'string' },
    mix: { type: 'string' },
    connections: { type: 'string' },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    model: { type: 'string' },
    rivals: { type: 'boolean' },
    'serve-args': { type: 'string' },
  },
  allowNegative: true,
});

// 'exit' ends the servers, paused ones too; a signal alone would leave them behind.
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  process.once(signal, () => process.exit(code));
}

try {
  const effort = serveEfforts[values.short ? 'short' : 'full'];
  const mixNames = mixes.map(({ name }) => name);
  const report = await runServeBench({
    effort: {
      ...effort,
      cells: {
        ...effort.cells,
        ...(values.connections !== undefined && {
          connections: values.connections.split(',').map((text) => integerOf('connections', text)),
        }),
        ...(values.rounds !== undefined && { rounds: integerOf('rounds', values.rounds) }),
        ...(values.seconds !== undefined && { seconds: integerOf('seconds', values.seconds) }),
      },
    },
    ...(values.only !== undefined && { parts: namesOf('only', values.only, serveParts) }),
    ...(values.mix !== undefined && { mixNames: namesOf('mix', values.mix, mixNames) }),
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

function namesOf<Name extends string>(option: string, text: string, known: readonly Name[]): Name[] {
  return text.split(',').map((given) => {
    const name = known.find((one) => one === given.trim());
    if (name === undefined) throw new RangeError(`--${option} must be of ${known.join(', ')}, got ${given}`);
    return name;
  });
}

function integerOf(option: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new RangeError(`--${option} must be an integer >= 1, got ${text}`);
  return value;
}
