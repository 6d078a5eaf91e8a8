import { join } from 'node:path';
import { buildFakeNvml, describeWithParts, runReadmeExample } from '@inferometer/testkit';
import { expect, test, vi } from 'vitest';

describeWithParts('the README', ['cc'], () => {
  test('the example does what it says, with a fake driver', async () => {
    vi.stubEnv('INFEROMETER_NVML_LIBRARY', await buildFakeNvml());
    for (const name of ['FAKE_NVML_SCRIPT', 'CUDA_VISIBLE_DEVICES', 'NVIDIA_VISIBLE_DEVICES']) {
      vi.stubEnv(name, undefined);
    }
    const { code, stdout, stderr, promised } = await runReadmeExample(join(import.meta.dirname, '..'));
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: promised, stderr: '' });
    vi.unstubAllEnvs();
  });
});
