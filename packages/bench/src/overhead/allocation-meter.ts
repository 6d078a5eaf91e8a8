import { GCProfiler, getHeapStatistics } from 'node:v8';

/** Counts what this thread allocates on its V8 heap. */
export interface AllocationMeter {
  /** Ends the count. @returns bytes allocated since the start; buffers outside the heap are not in it */
  stop(): number;
}

/**
 * V8 has no counter of allocated bytes, so the growth of the used heap between garbage collections is summed: from the
 * end of each to the beginning of the next.
 */
export function startAllocationMeter(): AllocationMeter {
  const profiler = new GCProfiler();
  profiler.start();
  let used = getHeapStatistics().used_heap_size;
  return {
    stop() {
      const last = getHeapStatistics().used_heap_size;
      let bytes = 0;
      for (const { beforeGC, afterGC } of profiler.stop()?.statistics ?? []) {
        bytes += beforeGC.heapStatistics.usedHeapSize - used;
        used = afterGC.heapStatistics.usedHeapSize;
      }
      return bytes + (last - used);
    },
  };
}
