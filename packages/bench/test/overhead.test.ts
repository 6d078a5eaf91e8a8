import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import {
  findRivals,
  howToGetRivals,
  lostTelemetry,
  overheadEfforts,
  runOverhead,
  startSink,
} from '../dist/overhead/index.js';

const cli = fileURLToPath(new URL('../dist/overhead/cli.js', import.meta.url));

function bench(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    const settings = { env: { ...process.env, CI: '', ...env } };
    execFile(process.execPath, [cli, ...args], settings, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr });
    });
  });
}

/** Enough to see that everything arrives, too little for figures. */
const tiny = {
  ...overheadEfforts.short,
  rows: { rounds: 1, seconds: 1, warmUpRequests: 200, allocationRequests: 200, connections: 4 },
  phaseCalls: { calls: 100_000, rounds: 3 },
};

describe('the command', () => {
  test('without the rivals says how to get them, and fails where nobody reads what was left out', async () => {
    const args = ['--short', '--rows', 'elastic', '--json'];
    const person = await bench(args, { INFEROMETER_TOOLS: '/nowhere' });
    expect(person.code).toBe(0);
    expect(person.stderr).toContain(`left out: elastic; ${howToGetRivals}`);
    expect(JSON.parse(person.stdout)).toMatchObject({ rows: [], missing: [`elastic; ${howToGetRivals}`] });
    const ci = await bench(args, { INFEROMETER_TOOLS: '/nowhere', CI: 'true' });
    expect(ci.code).toBe(1);
    expect(ci.stderr).toContain(`elastic; ${howToGetRivals}`);
  });

  test.for([
    [['--rows', 'bare,nobody'], 'rows must be of bare, disabled, ours, stock,', 'got nobody'],
    [['--seconds', '0'], '--seconds must be an integer >= 1', 'got 0'],
    [['--protocol', 'grpc'], '--protocol must be http/json or http/protobuf', 'got grpc'],
  ] as const)('%j is a mistake, and said', async ([args, expected, got]) => {
    const { code, stderr } = await bench(args);
    expect(code).toBe(2);
    expect(stderr).toContain(expected);
    expect(stderr).toContain(got);
  });
});

test('the sink counts each sender for itself, and refuses what is no OTLP', async () => {
  await using sink = await startSink();
  const root = { kind: 2, startTimeUnixNano: '1' };
  const span = { kind: 1, startTimeUnixNano: '1' };
  const send = (path: string, body: string, type = 'application/json') =>
    fetch(path, { method: 'POST', headers: { 'content-type': type }, body });
  const body = JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [root, span] }] }] });
  await send(`${sink.endpoint('a')}/v1/traces`, body);
  await send(`${sink.endpoint('a')}/v1/metrics`, body);
  await send(`${sink.endpoint('b')}/v1/traces`, body);
  await send(`${sink.endpoint('b')}/v1/traces`, body);
  const refused = await send(`${sink.endpoint('a')}/v1/traces`, 'no protobuf', 'application/x-protobuf');
  expect(refused.status).toBe(400);
  expect([await sink.drained('a', 1), await sink.counts('b'), await sink.counts('c')]).toEqual([
    { spans: 2, roots: 1 },
    { spans: 4, roots: 2 },
    { spans: 0, roots: 0 },
  ]);
});

test('ours: every request has its nine spans and nine histogram updates, and disabled has none', async () => {
  const report = await runOverhead({ effort: tiny, names: ['bare', 'disabled', 'ours', 'phase-call'] });
  expect(report.rows.map(({ name }) => name)).toEqual(['bare', 'disabled', 'ours']);
  expect(lostTelemetry(report)).toEqual([]);
  const [bare, disabled, ours] = report.rows;
  for (const row of [bare, disabled]) expect(row).not.toHaveProperty('spans_per_request');
  for (const row of report.rows) {
    expect(row.main_cpu_us).toBeGreaterThan(0);
    expect(row.process_cpu_us).toBeGreaterThanOrEqual(row.main_cpu_us * 0.99);
    expect(row.bytes_per_request).toBeGreaterThan(0);
  }
  // A request at the edge counts on one side only.
  expect(ours?.roots_per_request).toBeLessThan(1.1);
  expect(report.phase_call_ns).toBe(report.phase_calls?.disabled.ns);
  expect(report.phase_calls?.disabled.bytes).toBeLessThan(1);
}, 120_000);

// Without the rivals the tests are skipped where people work, and fail in continuous integration.
const isCi = !['', '0', 'false'].includes((process.env.CI ?? '').toLowerCase());
const rivals = findRivals();
describe.skipIf(rivals === undefined && !isCi)(`rivals (${rivals ? 'installed' : howToGetRivals})`, () => {
  test('every rival exports all spans and counts all phases by the same handler', async () => {
    const names = ['bare', 'stock', 'auto-instrumentations-node', 'elastic', 'express-prom-bundle'];
    const report = await runOverhead({ effort: tiny, names });
    expect(report.missing).toEqual([]);
    expect(report.rows.map(({ name }) => name)).toEqual(names);
    expect(lostTelemetry(report)).toEqual([]);
    for (const row of report.rows.slice(1)) expect(row.over_bare).toBeDefined();
  }, 180_000);

  test('OTLP over JSON is counted as well', async () => {
    const report = await runOverhead({ effort: tiny, names: ['stock'], protocol: 'http/json' });
    expect(report.rows[0]?.spans_per_request).toBeGreaterThan(9);
    expect(lostTelemetry(report)).toEqual([]);
  }, 120_000);
});
