import { METRIC } from '@inferometer/core';
import type { Section } from '../layout.ts';
import { timeseries } from '../panels.ts';
import { chosenGenAiModel, mean, quantile } from '../promql.ts';

/** How fast text comes. */
export function generation(): Section {
  const statistics = (histogram: string) => [
    {
      expr: mean(['gen_ai_request_model'], histogram, chosenGenAiModel),
      legend: 'mean {{gen_ai_request_model}}',
    },
    ...[0.5, 0.95].map((q) => ({
      expr: quantile(q, ['gen_ai_request_model'], histogram, chosenGenAiModel),
      legend: `p${q * 100} {{gen_ai_request_model}}`,
    })),
  ];
  return {
    title: 'Text generation',
    panels: [
      timeseries({
        title: 'Time to first token',
        description:
          'From a request to its first output; where the answer is not streamed, to the first token that the model had ready.',
        unit: 's',
        width: 12,
        exemplars: true,
        queries: statistics(METRIC.genAiTimeToFirstToken),
      }),
      timeseries({
        title: 'Time per output token',
        description:
          "Mean time between the tokens of an answer after its first: how smoothly it streams. The histogram's first bucket (of the GenAI conventions) ends at 10 ms: for a model faster than that only the mean is exact.",
        unit: 's',
        width: 12,
        exemplars: true,
        queries: statistics(METRIC.genAiTimePerOutputToken),
      }),
    ],
  };
}
