import {
  createMemoryReader,
  createMetricMemory,
  type Family,
  METRIC,
  type MetricMemory,
  sumFamilies,
} from '@inferometer/core';
import type { Control } from '../shared/control.ts';
import type { BlockWatch } from './block-watch.ts';

/** What the worker measures itself: blocks of the main loop, the way of spans, its own cost. */
export interface OwnMetrics {
  readonly buffer: SharedArrayBuffer;
  /** Where others of the worker count what must not fall with it. */
  readonly memory: MetricMemory;
  /** CPU that reading GPUs took, s. */
  readonly gpuCost: (seconds: number) => void;
  readonly blocked: (seconds: number) => void;
  readonly exported: (spans: number) => void;
  readonly dropped: (reason: string, spans: number) => void;
  read(watch: BlockWatch, pendingSpans: number): Family[];
}

const blockBounds = [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60];
const memoryBytes = 8 * 1024 * 1024;

/** @param predecessors what workers that have failed counted: a counter must not fall with them */
export function createOwnMetrics(
  control: Control,
  predecessors: readonly SharedArrayBuffer[],
  labelLimit = 100,
): OwnMetrics {
  const memory = createMetricMemory({ bytes: memoryBytes, labelLimit });
  const before = sumFamilies(predecessors.map((buffer) => createMemoryReader(buffer).read())).filter(
    ({ type }) => type !== 'gauge',
  );
  const reader = createMemoryReader(memory.buffer);
  const blocks = memory
    .histogram({
      name: METRIC.eventLoopBlocked,
      help: 'Times for which the event loop of the main thread stood still; the sum includes the present one.',
      unit: 's',
      bounds: blockBounds,
    })
    .of();
  const currentBlock = memory
    .gauge({
      name: METRIC.eventLoopCurrentBlock,
      help: 'Time for which the event loop of the main thread has stood still until now; 0 while it turns.',
      unit: 's',
    })
    .of();
  const exported = memory
    .counter({ name: METRIC.spansExported, help: 'Spans that the Collector took.' })
    .of();
  const droppedBy = memory.counter({
    name: METRIC.spansDropped,
    help: 'Spans lost, by reason.',
    labels: ['reason'],
  });
  const ringFull = droppedBy.of('ring_full');
  // From 0 on: a rate sees the first loss only if the series was there before it.
  for (const reason of ['export_failed', 'queue_full', 'children_limit']) droppedBy.of(reason).add(0);
  const pending = memory
    .gauge({ name: METRIC.spansPending, help: 'Spans that wait for their export or are on their way.' })
    .of();
  const cost = memory.counter({
    name: METRIC.telemetryCost,
    help: 'CPU that telemetry took: of the worker and what reads GPUs as measured, of the main thread as estimated from samples.',
    unit: 's',
    labels: ['thread'],
  });
  const [mainCost, workerCost] = [cost.of('main'), cost.of('worker')];
  const seen = {
    ringFull: counted(before, METRIC.spansDropped, 'ring_full'),
    main: counted(before, METRIC.telemetryCost, 'main'),
    worker: 0,
  };

  return {
    buffer: memory.buffer as SharedArrayBuffer,
    memory,
    gpuCost: (seconds) => cost.of('gpu').add(seconds),
    blocked: (seconds) => blocks.observe(seconds),
    exported: (spans) => exported.add(spans),
    dropped: (reason, spans) => droppedBy.of(reason).add(spans),
    read(watch, pendingSpans) {
      const { currentSeconds } = watch;
      currentBlock.set(currentSeconds);
      pending.set(pendingSpans);
      const now = {
        ringFull: control.get('ringFullSpans'),
        main: control.get('mainCostSeconds'),
        worker: workerCpuSeconds(),
      };
      ringFull.add(now.ringFull - seen.ringFull);
      mainCost.add(now.main - seen.main);
      workerCost.add(now.worker - seen.worker);
      Object.assign(seen, now);
      return sumFamilies([reader.read(), before]).map((family) =>
        family.name === METRIC.eventLoopBlocked ? withCurrent(family, currentSeconds) : family,
      );
    },
  };
}

/** The value of the series of this label. */
function counted(families: readonly Family[], name: string, label: string): number {
  const family = families.find((one) => one.name === name);
  return family?.series.find(({ labels }) => labels[0]?.[1] === label)?.value ?? 0;
}

/** The present block counts in the sum, which only grows; in a bucket it is counted once it is over. */
function withCurrent(family: Family, seconds: number): Family {
  return {
    ...family,
    series: family.series.map((series) =>
      series.histogram
        ? { ...series, histogram: { ...series.histogram, sum: series.histogram.sum + seconds } }
        : series,
    ),
  };
}

function workerCpuSeconds(): number {
  // Since Node 23.9; before it the time that the thread's loop was not idle.
  if (typeof process.threadCpuUsage === 'function') {
    const { user, system } = process.threadCpuUsage();
    return (user + system) / 1e6;
  }
  return performance.eventLoopUtilization().active / 1000;
}
