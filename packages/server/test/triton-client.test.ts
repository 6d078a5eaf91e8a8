import { join } from 'node:path';
import { describeWithParts, python } from '@inferometer/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TestServer } from './serving.ts';
import { startTensorServer } from './tensor-server.ts';

const types = ['bool', 'float16', 'float32', 'float64', 'string'];
const integers = [8, 16, 32, 64].flatMap((bits) => [`int${bits}`, `uint${bits}`]);

describeWithParts("Triton's own client", ['python'], () => {
  let server: TestServer;
  beforeAll(async () => {
    const identities = [...types, ...integers].map((type) => `identity_${type}`);
    server = await startTensorServer([...identities, 'sum_and_product', 'fixed']);
  });
  afterAll(() => server?.stop());

  test('is answered in all that it can ask for, or refused in words that it understands', async () => {
    const { code, stdout, stderr } = await python([
      join(import.meta.dirname, 'triton_client.py'),
      server.url,
    ]);
    expect(stderr).toBe('');
    expect(stdout.trim()).toBe('OK');
    expect(code).toBe(0);
  });
});
