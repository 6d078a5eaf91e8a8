import type { Section } from '../layout.ts';
import { NAME } from '../names.ts';
import { heatmap, matrix, timeseries } from '../panels.ts';
import { buckets, chosenModel, mean, quantile, rate, ratio } from '../promql.ts';

/** What a model run takes. */
export function runs(): Section {
  const bySize = ['model', 'batch_size'];
  const runTime = ratio(
    rate(bySize, NAME.batchRunTime, chosenModel),
    rate(bySize, NAME.batchRuns, chosenModel),
  );
  return {
    title: 'Model runs',
    panels: [
      timeseries({
        title: 'Run time',
        description:
          'Time of a model run, as the executor measures it, without transfer: the mean, p50 and p95 over runs.',
        unit: 's',
        width: 8,
        queries: [
          { expr: mean(['model'], NAME.runDuration, chosenModel), legend: 'mean {{model}}' },
          ...[0.5, 0.95].map((q) => ({
            expr: quantile(q, ['model'], NAME.runDuration, chosenModel),
            legend: `p${q * 100} {{model}}`,
          })),
        ],
      }),
      heatmap({
        title: 'Run time, all runs',
        description: 'How many model runs took how long: the stronger the colour, the more.',
        unit: 's',
        width: 8,
        queries: [{ expr: buckets(NAME.runDuration, chosenModel), legend: '{{le}}' }],
      }),
      matrix({
        title: 'Run time by batch size',
        description:
          'Mean time of a model run by the size of its batch, rounded up to a power of two; with the transfer to the executor and back. Where it grows slower than the size, larger batches pay.',
        unit: 's',
        width: 8,
        rows: 'model',
        columns: 'batch_size',
        queries: [{ expr: runTime, legend: '{{model}} {{batch_size}}' }],
      }),
      timeseries({
        title: 'Run time by batch size, over time',
        description: 'The same, over time. A line that rises alone is a size that got slower.',
        unit: 's',
        width: 12,
        queries: [{ expr: runTime, legend: '{{model}} {{batch_size}}' }],
      }),
      timeseries({
        title: 'Runs by batch size',
        description: 'Model runs a second, by the size of their batch, rounded up to a power of two.',
        unit: 'ops',
        width: 12,
        stacked: true,
        queries: [{ expr: rate(['batch_size'], NAME.batchRuns, chosenModel), legend: '{{batch_size}}' }],
      }),
    ],
  };
}
