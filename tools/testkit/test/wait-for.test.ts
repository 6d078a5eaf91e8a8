import { expect, test } from 'vitest';
import { waitFor } from '../src/index.ts';

test('waitFor gives the first truthy result', async () => {
  let attempts = 0;
  expect(await waitFor('three', () => ++attempts === 3 && 'three', { intervalMs: 0 })).toBe('three');
});

test('waitFor counts throwing as not yet', async () => {
  let attempts = 0;
  const probe = async () => {
    if (++attempts < 3) throw new Error('not yet');
    return true;
  };
  await waitFor('no error', probe, { intervalMs: 0 });
  expect(attempts).toBe(3);
});

test('waitFor says what it waited for and what the last attempt threw', async () => {
  const fail = () => Promise.reject(new Error('fetch failed', { cause: new Error('refused') }));
  await expect(waitFor('an answer', fail, { timeoutMs: 30, intervalMs: 5 })).rejects.toThrow(
    'waited 30 ms in vain for an answer: fetch failed (refused)',
  );
});

test('waitFor does not wait for an attempt that hangs', async () => {
  const never = () => new Promise<boolean>(() => {});
  await expect(waitFor('ever', never, { timeoutMs: 30 })).rejects.toThrow('the last attempt did not end');
});
