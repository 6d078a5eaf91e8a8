import { METRIC } from '@inferometer/core';
import type { Section } from '../layout.ts';
import { timeseries } from '../panels.ts';
import { chosenModel, mean, quantile, rate } from '../promql.ts';

/** How well batches use the device. */
export function batches(): Section {
  const meanAndP95 = (histogram: string) => [
    { expr: mean(['model'], histogram, chosenModel), legend: 'mean {{model}}' },
    { expr: quantile(0.95, ['model'], histogram, chosenModel), legend: 'p95 {{model}}' },
  ];
  return {
    title: 'Batches and device',
    panels: [
      timeseries({
        title: 'Batch size',
        description:
          'Inputs in a model run: the mean and p95 over runs. Models that generate text have no batches.',
        unit: 'none',
        width: 6,
        queries: meanAndP95(METRIC.batchSize),
      }),
      timeseries({
        title: 'Padding ratio',
        description:
          "Share of a run's tokens that only fill shorter inputs up to the longest: device time for nothing. The mean and p95 over runs.",
        unit: 'percentunit',
        width: 6,
        max: 1,
        queries: meanAndP95(METRIC.batchPaddingRatio),
      }),
      timeseries({
        title: 'Why batches leave',
        description:
          'Model runs a second, by what the batch left the queue for. idle: nothing else ran, waiting would gain nothing; waited: the oldest input had waited long enough; full and tokens: no more fitted in; drain: the service is stopping.',
        unit: 'suffix: runs/s',
        width: 6,
        stacked: true,
        queries: [{ expr: rate(['reason'], METRIC.batchDispatches, chosenModel), legend: '{{reason}}' }],
      }),
      timeseries({
        title: 'Device time by model',
        description:
          'Seconds of model runs in each second, which requests share by their tokens: 1 keeps one executor busy.',
        unit: 'suffix: s/s',
        width: 6,
        stacked: true,
        queries: [{ expr: rate(['model'], METRIC.deviceTime, chosenModel), legend: '{{model}}' }],
      }),
    ],
  };
}
