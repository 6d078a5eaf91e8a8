import { describeWithParts } from '@inferometer/testkit';
import { expect, test } from 'vitest';
import { look } from './watching.ts';

const script = `
devices 2
* power 200000
* memory 85899345920 0 1000
* utilization 50 0
0 uuid GPU-aaaaaaaa-0000-0000-0000-000000000000
1 uuid GPU-bbbbbbbb-0000-0000-0000-000000000000
1 utilization error 3
1 mig 2
1.0 uuid MIG-cccccccc-0000-0000-0000-000000000000
1.0 name NVIDIA H100 80GB HBM3 MIG 3g.40gb
1.0 memory 42949672960 0 500
1.0 instance 1 0
1.1 uuid MIG-dddddddd-0000-0000-0000-000000000000
1.1 memory 42949672960 0 700
1.1 instance 2 0
`;
const ids = (devices: readonly { id: string }[]): string[] => devices.map(({ id }) => id.slice(0, 8));

describeWithParts('MIG', ['cc'], () => {
  test('the parts of a device are devices with what they can say', async () => {
    const { devices } = await look(script);
    expect(ids(devices)).toEqual(['GPU-aaaa', 'MIG-cccc', 'MIG-dddd']);
    expect(devices[1]).toEqual({
      id: 'MIG-cccccccc-0000-0000-0000-000000000000',
      index: 1,
      name: 'NVIDIA H100 80GB HBM3 MIG 3g.40gb',
      parentId: 'GPU-bbbbbbbb-0000-0000-0000-000000000000',
      inferenceDevice: 'cuda:0',
      state: 'ok',
      memoryLimitBytes: 42_949_672_960,
      memoryUsedBytes: 500,
    });
  });

  test.each([
    ['by its UUID', 'MIG-dddddddd-0000-0000-0000-000000000000'],
    ['by how it begins', 'MIG-dd'],
    ['as drivers before 470 name it', 'MIG-GPU-bbbbbbbb-0000-0000-0000-000000000000/2/0'],
  ])('one is chosen %s', async (_, value) => {
    const { devices } = await look(script, { env: { CUDA_VISIBLE_DEVICES: value } });
    expect(ids(devices)).toEqual(['MIG-dddd']);
    expect(devices[0]?.inferenceDevice).toBe('cuda:0');
  });

  test('a container has the part that it was given', async () => {
    const { devices } = await look(script, { env: { NVIDIA_VISIBLE_DEVICES: '1:0' } });
    expect(ids(devices)).toEqual(['MIG-cccc']);
  });

  test('all devices are the whole ones too', async () => {
    const { devices } = await look(script, { scope: 'all', env: { CUDA_VISIBLE_DEVICES: '0' } });
    expect(ids(devices)).toEqual(['GPU-aaaa', 'GPU-bbbb', 'MIG-cccc', 'MIG-dddd']);
    expect(devices.map(({ inferenceDevice }) => inferenceDevice)).toEqual([
      'cuda:0',
      undefined,
      undefined,
      undefined,
    ]);
    expect(devices[1]).toMatchObject({ powerWatts: 200 });
    expect(devices[1]).not.toHaveProperty('utilization');
  });

  test('a process that may use none has none, and is told why', async () => {
    const { devices, problem } = await look(script, { env: { CUDA_VISIBLE_DEVICES: '' } });
    expect(devices).toEqual([]);
    expect(problem).toMatch(/none of 4 devices .* CUDA_VISIBLE_DEVICES/);
  });
});
