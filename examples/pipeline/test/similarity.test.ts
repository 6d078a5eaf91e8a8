import { join } from 'node:path';
import { type RunningProcess, startProcess, withoutOwnSettings } from '@inferometer/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';

let running: RunningProcess;
beforeAll(async () => {
  running = await startProcess({
    name: 'the similarity example',
    command: process.execPath,
    args: [join(import.meta.dirname, '../similarity.ts')],
    env: { ...withoutOwnSettings(), PORT: '0' },
    ready: { output: /page\s+(http:\/\/\S+)\//, url: (match) => `${match[1]}/readyz` },
    readyTimeoutMs: 120_000,
  });
});
afterAll(async () => void (await running?.stop()));

async function post(body: unknown): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`${running.match?.[1]}/similarity`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: await response.json() };
}

const similarityOf = async (a: string, b: string): Promise<number> =>
  ((await post({ a, b })).body as { similarity: number }).similarity;

test('texts that mean the same are closer than texts that do not', async () => {
  expect(await similarityOf('I could sleep all day', 'I could sleep all day')).toBeCloseTo(1, 4);
  const near = await similarityOf('I could sleep all day', 'I am so tired and sleepy');
  const far = await similarityOf('I could sleep all day', 'The brave knight fought the dragon');
  expect(near).toBeGreaterThan(far);
});

test('a body that the schema refuses is named', async () => {
  const { status, body } = await post({ a: 'x' });
  expect(status).toBe(400);
  expect(body).toMatchObject({ error: { param: 'b', type: 'invalid_request_error' } });
});
