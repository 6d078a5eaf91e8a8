import { buildFakeNvml, describeWithParts } from '@inferometer/testkit';
import koffi from 'koffi';
import { expect, test } from 'vitest';
import { layouts, structVersion } from '../src/nvml/layouts.ts';

describeWithParts('layouts', ['cc'], () => {
  test('have the sizes that a C compiler gives NVML’s structs', async () => {
    const sizeOf = koffi.load(await buildFakeNvml()).func('uint32_t fakeNvmlSizeOf(int layout)');
    const names = [
      'memory2',
      'memory1',
      'processInfo',
      'processUtilization',
      'fieldValue',
      'eventData',
      'utilization',
      'temperature',
    ] as const;
    expect(names.map((name) => layouts[name].bytes)).toEqual(names.map((_, i) => sizeOf(i)));
    expect(Object.keys(layouts).sort()).toEqual([...names].sort());
  });

  test('a struct says its size and version as NVML’s macro does', () => {
    // nvmlMemory_v2 of nvml.h 12.9.
    expect(structVersion(layouts.memory2, 2)).toBe(0x2000028);
  });
});
