import type { Section } from '../layout.ts';
import { NAME } from '../names.ts';
import { heatmap, timeseries } from '../panels.ts';
import { buckets, chosenGenAiModel, mean, quantile } from '../promql.ts';

/** What a reader of the text feels. */
export function speed(): Section {
  const statistics = (histogram: string) => [
    {
      expr: mean(['gen_ai_request_model'], histogram, chosenGenAiModel),
      legend: 'mean {{gen_ai_request_model}}',
    },
    ...[0.5, 0.95, 0.99].map((q) => ({
      expr: quantile(q, ['gen_ai_request_model'], histogram, chosenGenAiModel),
      legend: `p${q * 100} {{gen_ai_request_model}}`,
    })),
  ];
  const inTwoWays = (histogram: string, title: string, of: string, description: string) => [
    timeseries({ title, description, unit: 's', width: 12, exemplars: true, queries: statistics(histogram) }),
    heatmap({
      title: `${title}, all ${of}`,
      description: `How many ${of} had which: the stronger the colour, the more. The dots are requests with a trace.`,
      unit: 's',
      width: 12,
      queries: [{ expr: buckets(histogram, chosenGenAiModel), legend: '{{le}}' }],
    }),
  ];
  return {
    title: 'Speed',
    panels: [
      ...inTwoWays(
        NAME.genAiTimeToFirstToken,
        'Time to first token',
        'generations',
        'From a request to its first output; where the answer is not streamed, to the first token that the model had ready.',
      ),
      ...inTwoWays(
        NAME.genAiTimePerOutputToken,
        'Time per output token',
        'generations of two tokens or more',
        'Mean time between the tokens of an answer after its first: how smoothly it streams. The first classic bucket (of the GenAI conventions) ends at 10 ms: for a model faster than that choose native histograms, or look at the mean, which is exact.',
      ),
      timeseries({
        title: 'Duration of generations',
        description:
          'From a request to the end of its answer, however long the answer is: the mean and quantiles.',
        unit: 's',
        width: 12,
        exemplars: true,
        queries: statistics(NAME.genAiRequestDuration),
      }),
    ],
  };
}
