import type { Section } from '../layout.ts';
import { NAME } from '../names.ts';
import { timeseries } from '../panels.ts';
import { chosenModel, mean, rate, select, sum } from '../promql.ts';

/** How much is generated, and what room there is for more. */
export function cache(): Section {
  return {
    title: 'Tokens and room',
    panels: [
      timeseries({
        title: 'Tokens per second',
        description:
          'Tokens that went into models and that they put out, a second. Of embeddings there is input only.',
        unit: 'cps',
        width: 12,
        queries: [{ expr: rate(['model', 'type'], NAME.tokens, chosenModel), legend: '{{type}} {{model}}' }],
      }),
      timeseries({
        title: 'Key/value cache',
        description:
          'How full the memory for what models remember of their texts is, where it is fullest. At 100 % new generations wait.',
        unit: 'percentunit',
        width: 6,
        max: 1,
        queries: [
          { expr: `max by (model) (${select(NAME.kvCacheUtilization, chosenModel)})`, legend: '{{model}}' },
        ],
      }),
      timeseries({
        title: 'Generation slots',
        description: 'Texts that are generated side by side, and how many more could be.',
        unit: 'none',
        width: 6,
        stacked: true,
        queries: [
          { expr: sum(['model', 'state'], NAME.generationSlots, chosenModel), legend: '{{state}} {{model}}' },
        ],
      }),
      timeseries({
        title: 'Steps per second',
        description:
          'Model runs of generations, a second: prefill reads a prompt, decode adds a token to each text that is being generated.',
        unit: 'ops',
        width: 12,
        queries: [
          {
            expr: rate(['model', 'reason'], NAME.batchDispatches, chosenModel, 'reason=~"prefill|decode"'),
            legend: '{{reason}} {{model}}',
          },
        ],
      }),
      timeseries({
        title: 'Texts in a step',
        description: 'How many texts share a model run, in the mean: the more, the less each token costs.',
        unit: 'none',
        width: 12,
        queries: [
          {
            expr: `${mean(['model'], NAME.batchSize, chosenModel)}\nand on (model)\n${select(NAME.generationSlots, chosenModel)}`,
            legend: '{{model}}',
          },
        ],
      }),
    ],
  };
}
