import { type BatchRecord, METRIC, type MetricMemory, type TraceRecord } from '@inferometer/core';

/** Counters that split time further than histograms can afford: a series each instead of one for each bucket. */
export interface BreakdownMetrics {
  requestEnded(record: TraceRecord): void;
  batchEnded(batch: BatchRecord): void;
}

export function createBreakdownMetrics(memory: MetricMemory): BreakdownMetrics {
  const requests = memory.counter({
    name: METRIC.requests,
    help: 'Requests that ended and were traced, by route and tenant.',
    labels: ['route', 'tenant'],
  });
  const phaseTime = memory.counter({
    name: METRIC.phaseTime,
    help: 'Time that requests spent in each phase; over inference_requests_total, the phases add up to the mean request.',
    unit: 's',
    labels: ['route', 'tenant', 'phase'],
  });
  const runs = memory.counter({
    name: METRIC.batchRuns,
    help: 'Model runs by the size of their batch, rounded up to a power of two.',
    labels: ['model', 'batch_size'],
  });
  const runTime = memory.counter({
    name: METRIC.batchRunTime,
    help: 'Time of model runs by the size of their batch, rounded up to a power of two.',
    unit: 's',
    labels: ['model', 'batch_size'],
  });
  return {
    requestEnded(record) {
      // Paths are without end: what no route matched is one of them all.
      const route = record.route === '' ? 'none' : record.route;
      const tenant = record.tenant ?? 'default';
      requests.of(route, tenant).add();
      for (let i = 0; i < record.totals.length; i++) {
        const total = record.totals[i] as (typeof record.totals)[number];
        phaseTime.of(route, tenant, total.name).add(total.durationUs / 1e6);
      }
    },
    batchEnded({ model, size, runStart, runEnd }) {
      const bound = sizeBound(size);
      runs.of(model, bound).add();
      runTime.of(model, bound).add((runEnd - runStart) / 1e3);
    },
  };
}

/** The next power of two, as a label. @param size items of a batch, >= 1 */
function sizeBound(size: number): string {
  return String(2 ** Math.ceil(Math.log2(Math.max(1, size))));
}
