import { describeWithParts, waitFor } from '@inferometer/testkit';
import { expect, test } from 'vitest';
import { everything, watch } from './watching.ts';

describeWithParts('the cost of reading', ['cc'], () => {
  test('eight GPUs take a millisecond of CPU or so', async () => {
    const script = `devices 8\n${everything.replace(/.*uuid.*/, '')}`;
    await using watched = await watch(script, { intervalMs: 5 });
    await waitFor('warm readings', () => watched.reports.length >= 400, { timeoutMs: 28_000 });
    const warm = watched.reports.slice(200).map(({ cpuSeconds }) => cpuSeconds * 1000);
    const mean = warm.reduce((sum, one) => sum + one, 0) / warm.length;
    console.log(`a poll of 8 GPUs: ${mean.toFixed(3)} ms of CPU`);
    expect(watched.reports.at(-1)?.devices).toHaveLength(8);
    // CPU of the whole process, sending included. A shared core, or one with a busy sibling, counts for more.
    expect(mean).toBeLessThan(4);
  });
});
