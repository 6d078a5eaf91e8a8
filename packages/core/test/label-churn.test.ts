import { join } from 'node:path';
import { runProgram } from '@inferometer/testkit';
import { expect, test } from 'vitest';

const program = join(import.meta.dirname, 'programs', 'label-churn.mjs');
/** 24 hours at ten a second. */
const requests = 864_000;

interface Sample {
  readonly heap: number;
  readonly series: number;
  readonly rss: number;
}

test('a day of ever new models, tenants, routes and phases leaves memory flat', {
  timeout: 180_000,
}, async () => {
  const { code, stdout, stderr } = await runProgram(
    process.execPath,
    ['--expose-gc', program, String(requests)],
    {
      timeoutMs: 170_000,
    },
  );
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const { samples, count } = JSON.parse(stdout) as { samples: Sample[]; count: number };
  expect(count).toBe(requests);
  const [first, ...later] = samples as [Sample, ...Sample[]];
  // By the first tenth all limits are reached.
  for (const { heap, series, rss } of later) {
    expect(series).toBe(first.series);
    expect(heap).toBeLessThan(first.heap * 1.1 + 1e6);
    expect(rss).toBeLessThan(first.rss * 2 + 50e6);
  }
});
