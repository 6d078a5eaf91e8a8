import { type VisibleCandidate, visibleDevices } from '@inferometer/gpu';
import { expect, test } from 'vitest';

const uuid = (n: number): string => `GPU-${n}aaaaaaa-bbbb-cccc-dddd-00000000000${n}`;
const gpu = (index: number, more: Partial<VisibleCandidate> = {}): VisibleCandidate => ({
  id: uuid(index),
  index,
  minor: index,
  parentId: undefined,
  partIndex: undefined,
  gpuInstance: undefined,
  computeInstance: undefined,
  isDivided: false,
  speed: 1,
  ...more,
});
const part = (index: number, partIndex: number, gpuInstance: number): VisibleCandidate =>
  gpu(index, {
    id: `MIG-${index}${partIndex}aaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee`,
    parentId: uuid(index),
    partIndex,
    gpuInstance,
    computeInstance: 0,
  });

const four = [0, 1, 2, 3].map((index) => gpu(index));
/** Device 0 whole, device 1 in two parts. */
const divided = [gpu(0), gpu(1, { isDivided: true }), part(1, 0, 7), part(1, 1, 9)];

const seen = (
  all: readonly VisibleCandidate[],
  cuda: string | undefined,
  nvidia?: string,
  order?: string,
  nodes: readonly number[] = [],
): { devices: string[]; cuda: string[] } => {
  const { devices, inferenceDevices } = visibleDevices(
    all,
    { CUDA_VISIBLE_DEVICES: cuda, NVIDIA_VISIBLE_DEVICES: nvidia, CUDA_DEVICE_ORDER: order },
    (minor) => nodes.includes(minor),
  );
  return { devices: devices.map(({ id }) => id), cuda: [...inferenceDevices.keys()] };
};
const ids = (...numbers: number[]): string[] => numbers.map(uuid);

test.each([
  ['is not set', undefined, [0, 1, 2, 3]],
  ['numbers', '2,0', [2, 0]],
  ['blanks', ' 1 , 3 ', [1, 3]],
  ['empty', '', []],
  ['minus one', '-1', []],
  ['minus one ends the list', '1,-1,2', [1]],
  ['a number too large ends the list', '1,9,2', [1]],
  ['something else ends the list', '0,x,1', [0]],
  ['nothing between commas ends the list', '0,,1', [0]],
  ['what begins with a number, as strtoul reads it', '1gpu,+2', [1, 2]],
  ['twice the same is nothing', '1,1', []],
  ['UUIDs', `${uuid(3)},${uuid(1)}`, [3, 1]],
  ['how a UUID begins', 'GPU-2aa', [2]],
  ['what several begin with ends the list', `${uuid(0)},GPU-,${uuid(1)}`, [0]],
  ['a UUID that is not there ends the list', `${uuid(0)},GPU-ffff,${uuid(1)}`, [0]],
  ['a number after a UUID ends the list', `${uuid(2)},0`, [2]],
  ['a UUID after a number ends the list', `2,${uuid(0)}`, [2]],
  ['the same UUID twice is nothing', `${uuid(2)},GPU-2aa`, []],
] as const)('CUDA_VISIBLE_DEVICES: %s', (_, value, expected) => {
  const found = seen(four, value);
  expect(found.cuda).toEqual(ids(...expected));
  expect(found.devices).toEqual(ids(...[...expected].sort()));
});

test('CUDA counts from the fastest device, unless the order of the bus is asked for', () => {
  const mixed = [gpu(0), gpu(1, { speed: 5 }), gpu(2, { speed: 3 })];
  expect(seen(mixed, undefined).cuda).toEqual(ids(1, 2, 0));
  expect(seen(mixed, '0').cuda).toEqual(ids(1));
  expect(seen(mixed, undefined, undefined, 'PCI_BUS_ID').cuda).toEqual(ids(0, 1, 2));
  expect(seen(mixed, '0', undefined, 'PCI_BUS_ID').cuda).toEqual(ids(0));
});

test.each([
  ['is not set', undefined, [0, 1, 2, 3]],
  ['all', 'all', [0, 1, 2, 3]],
  ['none', 'none', []],
  ['empty', '', [0, 1, 2, 3]],
  ['numbers, where more is seen than is listed', '3,1', [1, 3]],
  ['UUIDs', `${uuid(2)},${uuid(0)}`, [0, 2]],
  ['a UUID beside a number', `${uuid(2)},1`, [1, 2]],
  ['a UUID that is not there', 'GPU-ffffffff', []],
] as const)('NVIDIA_VISIBLE_DEVICES: %s', (_, value, expected) => {
  expect(seen(four, undefined, value).devices).toEqual(ids(...expected));
});

test('numbers of the host do not hide devices that the runtime has given to a container', () => {
  // Devices 2 and 3 of the host are seen as 0 and 1.
  expect(seen([gpu(0, { minor: 2 }), gpu(1, { minor: 3 })], undefined, '2,3').devices).toEqual(ids(0, 1));
  expect(seen([gpu(0, { minor: 5 })], '0', '5').cuda).toEqual(ids(0));
});

test('void: what the runtime has not given is there only if its node is, as with CDI', () => {
  expect(seen(four, undefined, 'void').devices).toEqual([]);
  expect(seen(four, undefined, 'void', undefined, [1, 2]).devices).toEqual(ids(1, 2));
});

test('both: CUDA counts what the container leaves', () => {
  expect(seen(four, '1', '1,3').cuda).toEqual(ids(3));
  expect(seen(four, '2', '1,3').cuda).toEqual([]);
  expect(seen(four, uuid(0), '1,3').devices).toEqual([]);
});

test('parts stand for a device that is divided', () => {
  const [, , first, second] = divided.map(({ id }) => id) as [string, string, string, string];
  expect(seen(divided, undefined).devices).toEqual([uuid(0), first, second]);
  expect(seen(divided, '0,1').cuda).toEqual([uuid(0), first]);
  expect(seen(divided, second).cuda).toEqual([second]);
  expect(seen(divided, 'MIG-11').cuda).toEqual([second]);
  expect(seen(divided, `MIG-${uuid(1)}/9/0`).cuda).toEqual([second]);
  expect(seen(divided, `MIG-${uuid(1)}/8/0`).cuda).toEqual([]);
  expect(seen(divided, uuid(1)).cuda).toEqual([first]);
  expect(seen(divided, undefined, '1:1').devices).toEqual([second]);
  expect(seen(divided, undefined, first).devices).toEqual([first]);
  expect(seen(divided, undefined, '1').devices).toEqual([first, second]);
});

test('CUDA shows one MIG device alone to a process that chooses none', () => {
  expect(seen(divided, undefined).cuda).toEqual([divided[2]?.id]);
});
