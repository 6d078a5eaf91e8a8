import { parseArgs } from 'node:util';
import { lostTelemetry, outsideOverheadMargins } from './problems.ts';
import { formatOverhead } from './report.ts';
import { overheadEfforts, runOverhead } from './run.ts';

const usageError = 2;

const { values } = parseArgs({
  options: {
    json: { type: 'boolean' },
    short: { type: 'boolean' },
    check: { type: 'boolean' },
    rows: { type: 'string' },
    seconds: { type: 'string' },
    rounds: { type: 'string' },
    connections: { type: 'string' },
    protocol: { type: 'string' },
  },
});

try {
  const given = overheadEfforts[values.short ? 'short' : 'full'];
  const report = await runOverhead({
    effort: {
      ...given,
      rows: {
        ...given.rows,
        seconds: integerOf('seconds') ?? given.rows.seconds,
        rounds: integerOf('rounds') ?? given.rows.rounds,
        connections: integerOf('connections') ?? given.rows.connections,
      },
    },
    ...(values.rows !== undefined && { names: values.rows.split(',').map((name) => name.trim()) }),
    protocol: protocolOf(values.protocol),
    // Progress goes to standard error: standard output is the report alone.
    say: (step) => process.stderr.write(`measuring ${step} …\n`),
  });
  process.stdout.write(values.json ? `${JSON.stringify(report)}\n` : `\n${formatOverhead(report)}`);
  const found = [
    ...lostTelemetry(report),
    ...(values.check ? outsideOverheadMargins(report) : []),
    // A comparison that is never made must not look like one that is won.
    ...(isCi() ? report.missing : []),
  ];
  // On a person's machine a row that is left out is said, and no failure.
  if (values.json && !isCi()) for (const line of report.missing) process.stderr.write(`left out: ${line}\n`);
  for (const line of found) process.stderr.write(`${line}\n`);
  process.exitCode = found.length > 0 ? 1 : 0;
} catch (error) {
  const { message, stack } = error as Error;
  process.stderr.write(`bench:overhead: ${error instanceof RangeError ? message : stack}\n`);
  process.exitCode = error instanceof RangeError ? usageError : 1;
}

function integerOf(name: 'seconds' | 'rounds' | 'connections'): number | undefined {
  const text = values[name];
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) {
    throw new RangeError(`--${name} must be an integer >= 1, got ${text}`);
  }
  return value;
}

function protocolOf(text = 'http/protobuf'): 'http/json' | 'http/protobuf' {
  if (text === 'http/json' || text === 'http/protobuf') return text;
  throw new RangeError(`--protocol must be http/json or http/protobuf, got ${text}`);
}

function isCi(): boolean {
  return !['', '0', 'false'].includes((process.env.CI ?? '').toLowerCase());
}
