/** Curves over batch sizes on a real GPU, as part of `npm run test:gpu`, printed for the documents. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { type Curve, formatCurve } from '../dist/gpu/index.js';

const cli = fileURLToPath(new URL('../dist/gpu/cli.js', import.meta.url));

test('batches of 1 … 256 in 32 and 16 bits', { timeout: 600_000 }, async ({ skip }) => {
  const { stdout } = await promisify(execFile)(process.execPath, [cli, '--json']);
  const curve = JSON.parse(stdout) as Curve | { readonly skipped: string };
  if ('skipped' in curve) {
    console.log(`batch sizes are not measured: ${curve.skipped}`);
    return skip(curve.skipped);
  }
  console.log(formatCurve(curve));
  const single = curve.rows.filter(({ precision }) => precision === 'fp32');
  expect(single.map(({ batch }) => batch)).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256]);
  const rate = (batch: number): number =>
    single.find((row) => row.batch === batch)?.sequences_per_second ?? Number.NaN;
  expect(rate(32)).toBeGreaterThan(2 * rate(1));
  for (const { utilization, memory_bytes } of single) {
    expect(utilization).toBeGreaterThanOrEqual(0);
    expect(utilization).toBeLessThanOrEqual(1);
    expect(memory_bytes).toBeGreaterThan(0);
  }
});
