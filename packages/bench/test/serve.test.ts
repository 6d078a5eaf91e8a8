import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import {
  findRivals,
  formatServe,
  lostServeTelemetry,
  mixes,
  runServeBench,
  type ServeEffort,
  serveEfforts,
  startGenerator,
  startServer,
} from '../dist/serve/index.js';

const cli = fileURLToPath(new URL('../dist/serve/cli.js', import.meta.url));
/** Small, in the layout of all-MiniLM-L6-v2, and part of the checkout. */
const encoder = fileURLToPath(new URL('../../server/models/nickname-encoder', import.meta.url));
const words = ['one', 'two', 'three', 'four'];
const [short] = mixes;
if (!short) throw new Error('no mixes');

/** Enough to see that everything is measured, too little for figures. */
const tiny: ServeEffort = {
  ...serveEfforts.short,
  survey: { batchSizes: [1, 4], allLayouts: false, seconds: 0.1, texts: 16 },
  finalists: 1,
  cells: { connections: [1, 8, 32], rounds: 1, warmUpSeconds: 0.2, seconds: 0.5, bareTexts: 20 },
  overload: { warmUpSeconds: 0.2, seconds: 0.5, shares: [0.5] },
  coldStarts: 1,
};

test('executors as processes and as worker threads are measured side by side, and what a tensor’s way to them takes', async () => {
  const report = await runServeBench({
    effort: {
      ...tiny,
      kinds: {
        cells: { connections: [4], rounds: 2, warmUpSeconds: 0.2, seconds: 0.4 },
        transfers: { bytes: [1024, 4_194_304], runs: 5 },
      },
    },
    parts: ['kinds'],
    mixNames: ['short'],
    directory: encoder,
  });
  const [cell, ...others] = report.kinds?.cells ?? [];
  expect(others).toEqual([]);
  expect(cell).toMatchObject({ mix: 'short', connections: 4 });
  expect(Math.min(cell?.process.rps ?? 0, cell?.worker.rps ?? 0)).toBeGreaterThan(0);
  // Ratios are of the same rounds as the medians.
  expect((cell?.rps_ratio ?? 0) / ((cell?.worker.rps ?? 0) / (cell?.process.rps ?? 1))).toBeCloseTo(1, 0);
  const [small, large] = report.kinds?.transfers ?? [];
  expect([small?.bytes, large?.bytes]).toEqual([1024, 4_194_304]);
  // A process gets a copy, a thread the memory itself.
  expect(large?.process_ms).toBeGreaterThan(2 * (small?.process_ms ?? Number.NaN));
  expect(large?.worker_ms).toBeLessThan(large?.process_ms ?? Number.NaN);
  expect(formatServe(report)).toMatch(/phase transfer of a tensor +to a process +to a worker/);
});

test('a run measures bare onnxruntime and our server, checks its answers and sees its telemetry', async () => {
  const report = await runServeBench({
    effort: tiny,
    parts: ['cells', 'overload', 'cold-start'],
    directory: encoder,
  });
  expect(report.bare?.map((row) => row.sequences_per_second > 0)).not.toContain(false);
  expect(report.cells?.map(({ mix, connections }) => [mix, connections])).toEqual(
    ['short', 'mixed'].flatMap((mix) => [1, 8, 32].map((connections) => [mix, connections])),
  );
  for (const { servers, connections, bare, bare_latency } of report.cells ?? []) {
    expect(servers.map(({ name }) => name)).toEqual(['inferometer']);
    for (const server of servers) {
      expect(server.rps).toBeGreaterThan(0);
      expect(server.p99_ms).toBeGreaterThanOrEqual(server.p50_ms);
      expect(server.generator_us).toBeGreaterThan(0);
    }
    expect(bare !== undefined).toBe(connections === 32);
    expect(bare_latency !== undefined).toBe(connections === 1);
  }
  expect(report.totals?.verified.inferometer).toBeGreaterThan(12);
  expect(lostServeTelemetry(report)).toEqual([]);
  expect(report.overload?.map(({ loads }) => loads.every((load) => load.goodput_rps > 0))).toEqual([
    true,
    true,
  ]);
  expect(report.cold_start?.first_answer_ms).toBeGreaterThan(report.cold_start?.ready_ms ?? Number.NaN);
}, 300_000);

describe('the load generator', () => {
  /** Answers each request after so long, ms. */
  async function startDelayed(delay: (index: number) => number) {
    let index = 0;
    const server = createServer((request, response) => {
      const ms = delay(index++);
      request.resume().on('end', () => setTimeout(() => response.end('[]'), ms));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const form = { path: '/', headers: {}, body: '{"inputs":["TEXT"]}' };
    return {
      target: { host: '127.0.0.1', port, form },
      [Symbol.asyncDispose]: async () => {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      },
    };
  }
  const setting = { mix: short, seed: 1, warmUpSeconds: 0, seconds: 1, samples: 2 };

  test('a closed loop has as many requests under way as connections', async () => {
    await using server = await startDelayed(() => 50);
    await using generator = await startGenerator(words);
    const { latenciesMs, statuses, samples, sent } = await generator.closed(server.target, 4, setting);
    expect(Math.min(...latenciesMs)).toBeGreaterThanOrEqual(49);
    // 4 connections, 50 ms and more each: 80 at most in a second.
    expect(latenciesMs.length).toBeLessThanOrEqual(80);
    expect(new Set(statuses)).toEqual(new Set([200]));
    expect(samples).toHaveLength(2);
    expect(sent).toBeGreaterThanOrEqual(latenciesMs.length);
  });

  test('a server slower than the measured time has a rate all the same', async () => {
    await using server = await startDelayed(() => 700);
    await using generator = await startGenerator(words);
    const { latenciesMs, seconds } = await generator.closed(server.target, 3, { ...setting, seconds: 0.5 });
    expect(latenciesMs.length).toBe(3);
    // As many windows as it took: two, or more where the machine was busy.
    expect(seconds).toBeGreaterThanOrEqual(1);
    expect(Number.isInteger(seconds / 0.5)).toBe(true);
  });

  test('an open loop charges a stall to all that were due meanwhile', async () => {
    let first: number | undefined;
    // All of the first 600 ms are answered at its end.
    await using server = await startDelayed(() => {
      first ??= performance.now();
      return Math.max(0, first + 600 - performance.now());
    });
    await using generator = await startGenerator(words);
    const { latenciesMs } = await generator.open(server.target, 100, setting);
    expect(latenciesMs.length).toBeGreaterThan(50);
    // Those of its first half second waited longer than 100 ms; a closed loop would have sent only a few of them.
    const slow = latenciesMs.filter((latency) => latency > 100).length;
    expect(slow / latenciesMs.length).toBeGreaterThan(0.35);
  });

  test('a server that breaks connections ends a run with failures, not with a hang', async () => {
    const server = createServer((request) => request.socket.destroy());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await using generator = await startGenerator(words);
    const target = { host: '127.0.0.1', port, form: { path: '/', headers: {}, body: '"TEXT"' } };
    const { statuses } = await generator.closed(target, 2, setting);
    expect([...statuses]).toEqual([0, 0]);
    server.close();
  });
});

describe('the command', () => {
  const bench = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
    new Promise<{ code: number; stderr: string }>((resolve) => {
      const settings = { env: { ...process.env, ...env } };
      execFile(process.execPath, [cli, ...args], settings, (error, _stdout, stderr) => {
        resolve({ code: error ? Number(error.code) : 0, stderr });
      });
    });

  test('names the parts that there are', async () => {
    const { code, stderr } = await bench(['--only', 'cells,nothing']);
    expect(code).toBe(2);
    expect(stderr).toContain(
      '--only must be of bare, cells, overload, int8, kinds, cold-start, echo, got nothing',
    );
  });

  test('says how to get the model', async () => {
    const { code, stderr } = await bench(['--short'], { INFEROMETER_TOOLS: '/nowhere' });
    expect(code).toBe(2);
    expect(stderr).toContain('--model DIR');
  });
});

// They are large, and installed by name alone: without them there is nothing to test.
const { found } = findRivals(encoder, 2);
describe.skipIf(found.length === 0)('the Python servers (npm run parts -- servers)', () => {
  const last = found.flatMap(({ settings }) => settings.slice(-1));
  test.for(last)(
    '$name, $setting: answers a text with its vector',
    { timeout: 120_000 },
    async (contestant) => {
      await using server = await startServer(contestant);
      const { host, port, form } = server.target;
      const response = await fetch(`http://${host}:${port}${form.path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: form.body,
      });
      const vector = contestant.vector(await response.text());
      expect(Math.hypot(...vector)).toBeCloseTo(1, 4);
    },
  );
});
