import { once } from 'node:events';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MessageChannel, Worker } from 'node:worker_threads';
import {
  createMemoryReader,
  createMetricFile,
  createMetricFileReader,
  type Family,
  type MemoryReader,
} from '@inferometer/core';
import { startProcess, tempDir } from '@inferometer/testkit';
import { describe, expect, test } from 'vitest';
import { header, histogram } from '../src/metrics/layout.ts';

const program = (name: string): string => join(import.meta.dirname, 'programs', name);

/** Throws if a series is not consistent in itself. @returns observations by series */
function checked(families: readonly Family[], from: ReadonlyMap<string, number>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { name, series } of families) {
    for (const { labels, histogram, value } of series) {
      const key = `${name} ${labels.map(([, label]) => label)}`;
      if (histogram === undefined) {
        counts.set(key, value ?? 0);
        continue;
      }
      const { count, classic, native, exemplars } = histogram;
      const inClassic = classic?.counts.reduce((sum, n) => sum + n, 0);
      const inNative = native?.positive.counts.reduce((sum, n) => sum + n, native.zeroCount);
      if (inClassic !== count || inNative !== count) {
        throw new Error(
          `${key}: ${count} observations, ${inClassic} in classic buckets, ${inNative} in native ones`,
        );
      }
      for (const exemplar of exemplars ?? []) {
        if (exemplar === undefined) continue;
        const { traceId, spanId } = exemplar;
        if (traceId !== traceId.slice(0, 8).repeat(4) || spanId !== traceId.slice(0, 16)) {
          throw new Error(`${key}: an exemplar of several: ${traceId} ${spanId}`);
        }
      }
      counts.set(key, count);
    }
  }
  for (const [key, count] of counts) {
    if (count < (from.get(key) ?? 0)) throw new Error(`${key} fell from ${from.get(key)} to ${count}`);
  }
  return counts;
}

describe('a thread that reads while another one writes', () => {
  test.each([1, 3, 50])(
    'sees consistent series only, of %d that are written without a pause',
    async (series) => {
      const { port1, port2 } = new MessageChannel();
      const control = new SharedArrayBuffer(4);
      const worker = new Worker(program('memory-writer.mjs'), {
        workerData: { port: port2, control, series },
        transferList: [port2],
      });
      const [buffer] = (await once(port1, 'message')) as [SharedArrayBuffer];
      const reader = createMemoryReader(buffer);
      const last = new Map<string, number>();
      let advanced = 0;
      const until = performance.now() + (series === 3 ? 2000 : 500);
      while (performance.now() < until) {
        for (const [key, count] of checked(reader.read(), last)) {
          if (count > (last.get(key) ?? 0)) advanced++;
          last.set(key, count);
        }
      }
      const counted = once(port1, 'message');
      Atomics.store(new Int32Array(control), 0, 1);
      const [counts] = (await counted) as [number[]];
      await worker.terminate();
      const end = checked(reader.read(), last);
      counts.forEach((count, n) => {
        expect(end.get(`h ${n}`)).toBe(count);
        expect(end.get(`c_total ${n}`)).toBe(count);
      });
      expect(advanced).toBeGreaterThan(10);
    },
  );
});

describe('a process that reads what another one writes to a file', () => {
  async function withWriter(
    check: (reader: MemoryReader, kill: () => Promise<void>) => Promise<void>,
  ): Promise<void> {
    await using dir = await tempDir('metrics');
    const file = dir.file('metrics');
    await using writer = await startProcess({
      command: process.execPath,
      args: [program('file-writer.mjs'), file],
      ready: { output: /ready/ },
    });
    await check(createMetricFileReader(file), async () => {
      writer.signal('SIGKILL');
      await writer.exited;
    });
  }

  test('sees consistent series only, also when that one is killed', async () => {
    await withWriter(async (reader, kill) => {
      let last = new Map<string, number>();
      let advanced = 0;
      const until = performance.now() + 1000;
      while (performance.now() < until) {
        const now = checked(reader.read(), last);
        if ((now.get('c_total ') ?? 0) > (last.get('c_total ') ?? 0)) advanced++;
        last = now;
      }
      expect(advanced).toBeGreaterThan(5);
      await kill();
      const end = checked(reader.read(), last);
      expect(end.size).toBe(last.size);
      // Each flush has written 40 series once.
      expect(
        [...end]
          .filter(([key]) => key.startsWith('h '))
          .every(([, count]) => count >= (last.get('c_total ') ?? 0)),
      ).toBe(true);
      expect(reader.read()).toEqual(reader.read());
    });
  });
});

describe('a file of metrics', () => {
  test('has nothing but what was flushed, and tells when a series is new', async () => {
    await using dir = await tempDir('metrics');
    const path = dir.file('metrics');
    const reader = createMetricFileReader(path);
    expect(() => reader.read()).toThrow('ENOENT');
    writeFileSync(path, '');
    expect(reader.read()).toEqual([]);
    const { memory, flush, close } = createMetricFile(path);
    const values = (): Record<string, number | undefined> => {
      const family = reader.read().find(({ name }) => name === 'c_total');
      return Object.fromEntries(family?.series.map(({ labels, value }) => [labels[0]?.[1], value]) ?? []);
    };
    const counter = memory.counter({ name: 'c_total', help: 'C.', labels: ['a'] });
    counter.of('x').add(2);
    expect(values()).toEqual({});
    flush();
    expect(values()).toEqual({ x: 2 });
    counter.of('y').add(5);
    counter.of('x').add();
    expect(values()).toEqual({ x: 2 });
    flush();
    flush();
    expect(values()).toEqual({ x: 3, y: 5 });
    close();
    // The process is gone, and so is its file: a counter must not fall for it.
    rmSync(path);
    expect(values()).toEqual({ x: 3, y: 5 });
  });

  test('whose writer stands still in the middle of writing is read as it was before', async () => {
    await using dir = await tempDir('metrics');
    const path = dir.file('metrics');
    const { memory, flush, close } = createMetricFile(path);
    memory
      .histogram({ name: 'h', help: 'H.', bounds: [1] })
      .of()
      .observe(0.5);
    flush();
    const reader = createMetricFileReader(path);
    const before = checked(reader.read(), new Map());
    const bytes = readFileSync(path);
    const half = Buffer.from(bytes);
    half.fill(1, bytes.length - 4096);
    const { firstSlot, generation } = header;
    // A count that no bucket has yet, and an odd number of the writing that has begun.
    half.writeDoubleLE(2, (half.readInt32LE(firstSlot * 4) + histogram.count) * 8);
    half.writeInt32LE(half.readInt32LE(generation * 4) + 1, generation * 4);
    writeFileSync(path, half);
    expect(checked(reader.read(), before)).toEqual(before);
    expect(createMetricFileReader(path).read()).toEqual([]);
    // It goes on.
    writeFileSync(path, bytes);
    memory.counter({ name: 'c_total', help: 'C.' }).of().add(2);
    flush();
    expect(checked(reader.read(), before).get('c_total ')).toBe(2);
    close();
  });

  test('may be of any size', async () => {
    await using dir = await tempDir('metrics');
    const path = dir.file('metrics');
    const { memory, flush, close } = createMetricFile(path, { bytes: 4 * 1024 * 1024 });
    const histogram = memory.histogram({ name: 'h', help: 'H.', labels: ['n'], bounds: [1] });
    for (let n = 0; n < 100; n++) for (let m = 0; m <= n; m++) histogram.of(String(n)).observe(m);
    flush();
    expect(readFileSync(path).length).toBe(4 * 1024 * 1024);
    const counts = checked(createMetricFileReader(path).read(), new Map());
    for (let n = 0; n < 100; n++) expect(counts.get(`h ${n}`)).toBe(n + 1);
    close();
  });

  test('that another process has made anew is read anew', async () => {
    await using dir = await tempDir('metrics');
    const path = dir.file('metrics');
    const reader = createMetricFileReader(path);
    for (const name of ['a_total', 'b_total']) {
      const { memory, flush, close } = createMetricFile(path);
      memory.counter({ name, help: 'C.' }).of().add(1);
      flush();
      close();
      expect(
        reader
          .read()
          .filter((family) => family.series.some(({ value }) => value === 1))
          .map((it) => it.name),
      ).toEqual([name]);
    }
  });

  test('is written no more once it is closed', async () => {
    await using dir = await tempDir('metrics');
    const { memory, flush, close } = createMetricFile(dir.file('metrics'));
    const counter = memory.counter({ name: 'c_total', help: 'C.' }).of();
    counter.add();
    flush();
    close();
    close();
    counter.add();
    flush();
    const family = createMetricFileReader(dir.file('metrics'))
      .read()
      .find(({ name }) => name === 'c_total');
    expect(family?.series[0]?.value).toBe(1);
  });
});
