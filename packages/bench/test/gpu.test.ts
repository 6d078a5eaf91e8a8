import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { type Curve, formatCurve } from '../dist/gpu/index.js';

const cli = fileURLToPath(new URL('../dist/gpu/cli.js', import.meta.url));
/** Small, in the layout of all-MiniLM-L6-v2, and part of the checkout. */
const encoder = fileURLToPath(new URL('../../server/models/nickname-encoder', import.meta.url));

function run(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    execFile(process.execPath, [cli, ...args], { env: { ...process.env, ...env } }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    );
  });
}

test('the curves of a device: more texts in a run take longer, and each less', async () => {
  const args = [
    '--device',
    'cpu',
    '--model',
    encoder,
    '--sizes',
    '1,32',
    '--seconds',
    '0.1',
    '--tokens',
    '16',
  ];
  const { code, stdout, stderr } = await run([...args, '--json']);
  expect(stderr).not.toMatch(/error/i);
  expect(code).toBe(0);
  const curve = JSON.parse(stdout) as Curve;
  expect(curve).toMatchObject({ device: 'cpu', tokens: 16, hardware: expect.stringMatching(/\w/) });
  const precisions = [...new Set(curve.rows.map(({ precision }) => precision))];
  // The one in 16 bits is made with Python, which not every machine has.
  expect(precisions).toContain('fp32');
  if (!precisions.includes('fp16')) expect(stderr).toMatch(/left out: fp16/);
  for (const precision of precisions) {
    const [one, many] = curve.rows.filter((row) => row.precision === precision);
    expect([one?.batch, many?.batch]).toEqual([1, 32]);
    expect(many?.p50_ms).toBeGreaterThan(one?.p50_ms ?? Number.NaN);
    expect(one?.p99_ms).toBeGreaterThanOrEqual(one?.p50_ms ?? Number.NaN);
    expect(one?.memory_bytes).toBeGreaterThan(10 * 2 ** 20);
    // What a CPU does not tell is absent.
    expect(one).toMatchObject({ utilization: null, power_watts: null });
  }
});

test('without a GPU it is skipped, and says so; where one is required, that is a failure', async () => {
  const none = { INFEROMETER_NVML_LIBRARY: '/nowhere/libnvidia-ml.so.1' };
  const skipped = await run(['--json'], none);
  expect(skipped.code).toBe(0);
  expect(JSON.parse(skipped.stdout)).toEqual({ skipped: expect.stringMatching(/\w/) });
  expect(skipped.stderr).toMatch(/were not measured: /);
  expect((await run(['--required'], none)).code).toBe(1);
});

test.each([
  [['--device', 'gpu'], /--device must be cpu or cuda\[:N\], got gpu/],
  [['--device', 'cuda:0,cuda:1'], /--device must be/],
  [['--device', 'cpu', '--sizes', '1,x'], /--sizes must be integers >= 1, got x/],
])('%j is refused', async (args, message) => {
  const { code, stderr } = await run(args);
  expect([code, stderr]).toEqual([2, expect.stringMatching(message)]);
});

test('the table has a line a precision and batch size, and a dash for what is not known', () => {
  const text = formatCurve({
    device: 'cuda:0',
    hardware: 'NVIDIA H100',
    tokens: 128,
    rows: [
      {
        precision: 'fp16',
        batch: 8,
        p50_ms: 1.234,
        p99_ms: 2,
        sequences_per_second: 6483.2,
        utilization: 0.567,
        memory_bytes: 2 ** 30,
        power_watts: 310.4,
      },
      {
        precision: 'fp16',
        batch: 16,
        p50_ms: 2,
        p99_ms: 3,
        sequences_per_second: 8000,
        utilization: null,
        memory_bytes: null,
        power_watts: null,
      },
    ],
  });
  expect(text).toMatch(/^cuda:0: NVIDIA H100, texts of 128 tokens\n/);
  expect(text).toMatch(/fp16, batch 8 +1\.23 +2\.00 +6483 +57 % +1024 +310\n/);
  expect(text).toMatch(/fp16, batch 16 +2\.00 +3\.00 +8000 +– +– +–\n/);
});
