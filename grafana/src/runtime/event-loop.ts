import type { Section } from '../layout.ts';
import { NAME } from '../names.ts';
import { heatmap, timeseries } from '../panels.ts';
import { aggregate, buckets, observed, rate, select } from '../promql.ts';

/** Whether JavaScript gets to run. */
export function eventLoop(): Section {
  return {
    title: 'Event loop',
    panels: [
      timeseries({
        title: 'Event loop blocked',
        description:
          'Share of the time in which the main thread answered nothing, by instance. The telemetry worker measures it from outside.',
        unit: 'percentunit',
        width: 8,
        queries: [{ expr: observed(['instance'], NAME.eventLoopBlocked), legend: '{{instance}}' }],
      }),
      heatmap({
        title: 'Blocks of the event loop',
        description: 'How many blocks were how long: the stronger the colour, the more.',
        unit: 's',
        width: 8,
        queries: [{ expr: buckets(NAME.eventLoopBlocked), legend: '{{le}}' }],
      }),
      timeseries({
        title: 'Block in progress',
        description: 'For how long the event loop has been blocked at this moment; 0 when it is not.',
        unit: 's',
        width: 8,
        queries: [
          {
            expr: aggregate('max', ['instance'], select(NAME.eventLoopCurrentBlock)),
            legend: '{{instance}}',
          },
        ],
      }),
      timeseries({
        title: 'Event loop delay',
        description:
          'By how much timers of the main thread come late, as Node.js measures it: its p50, p99 and maximum of the instance that fares worst.',
        unit: 's',
        width: 8,
        queries: [
          { expr: aggregate('max', [], select(NAME.eventLoopLagP50)), legend: 'p50' },
          { expr: aggregate('max', [], select(NAME.eventLoopLagP99)), legend: 'p99' },
          { expr: aggregate('max', [], select(NAME.eventLoopLagMax)), legend: 'max' },
        ],
      }),
      timeseries({
        title: 'Garbage collection',
        description: 'Share of the time that the main thread spent collecting, by kind.',
        unit: 'percentunit',
        width: 8,
        stacked: true,
        queries: [{ expr: rate(['kind'], `${NAME.gcDuration}_sum`), legend: '{{kind}}' }],
      }),
      timeseries({
        title: 'CPU',
        description: 'Cores that each main process keeps busy, and its executors together.',
        unit: 'none',
        width: 8,
        queries: [
          { expr: rate(['instance'], NAME.processCpu), legend: 'main {{instance}}' },
          { expr: rate(['instance'], NAME.executorCpu), legend: 'executors {{instance}}' },
        ],
      }),
    ],
  };
}
