import type { Section } from '../layout.ts';
import { NAME } from '../names.ts';
import { heatmap, timeseries } from '../panels.ts';
import { buckets, chosenModel, mean, quantile, rate, select } from '../promql.ts';

/** How well batches use the device. */
export function batches(): Section {
  const meanAndP95 = (histogram: string) => [
    { expr: mean(['model'], histogram, chosenModel), legend: 'mean {{model}}' },
    { expr: quantile(0.95, ['model'], histogram, chosenModel), legend: 'p95 {{model}}' },
  ];
  return {
    title: 'Batches',
    panels: [
      timeseries({
        title: 'Batch size',
        description:
          'Inputs in a model run: the mean and p95 over runs. Of a model that generates text: the texts that take a step together.',
        unit: 'none',
        width: 6,
        queries: meanAndP95(NAME.batchSize),
      }),
      timeseries({
        title: 'Batch fill',
        description:
          'The mean batch as a share of the largest that may be. Low with a queue that is empty is right: nothing was there to wait for.',
        unit: 'percentunit',
        width: 6,
        max: 1,
        queries: [
          {
            expr: `${mean(['model'], NAME.batchSize, chosenModel)}\n/ on (model)\nmax by (model) (${select(NAME.batchSizeLimit, chosenModel)})`,
            legend: '{{model}}',
          },
        ],
      }),
      timeseries({
        title: 'Tokens in a batch',
        description: 'Tokens in a model run, without padding: the mean and p95 over runs.',
        unit: 'none',
        width: 6,
        queries: meanAndP95(NAME.batchTokens),
      }),
      timeseries({
        title: 'Padding ratio',
        description:
          "Share of a run's tokens that only fill shorter inputs up to the longest: device time for nothing. The mean and p95 over runs.",
        unit: 'percentunit',
        width: 6,
        max: 1,
        queries: meanAndP95(NAME.batchPaddingRatio),
      }),
      timeseries({
        title: 'Why batches leave',
        description:
          'Model runs a second, by what the batch left the queue for. idle: nothing else ran, waiting would gain nothing; waited: the oldest input had waited long enough; full and tokens: no more fitted in; share: the idle executors divide what waits; alone: an input that goes by itself; drain: the service is stopping; prefill and decode: steps of text generation.',
        unit: 'ops',
        width: 12,
        stacked: true,
        queries: [{ expr: rate(['reason'], NAME.batchDispatches, chosenModel), legend: '{{reason}}' }],
      }),
      heatmap({
        title: 'Batch size, all runs',
        description: 'How many model runs had how many inputs: the stronger the colour, the more.',
        unit: 'none',
        width: 12,
        queries: [{ expr: buckets(NAME.batchSize, chosenModel), legend: '{{le}}' }],
      }),
    ],
  };
}
