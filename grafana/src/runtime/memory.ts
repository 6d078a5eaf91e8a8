import type { Section } from '../layout.ts';
import { NAME } from '../names.ts';
import { timeseries } from '../panels.ts';
import { chosenModel, select, sum } from '../promql.ts';

/** Where memory is. */
export function memory(): Section {
  return {
    title: 'Memory',
    panels: [
      timeseries({
        title: 'Memory of processes',
        description: 'Memory that is in RAM, of the main processes and of their executors by model.',
        unit: 'bytes',
        width: 8,
        stacked: true,
        queries: [
          { expr: sum(['instance'], NAME.processMemory), legend: 'main {{instance}}' },
          { expr: sum(['model'], NAME.executorMemory, chosenModel), legend: 'executors {{model}}' },
        ],
      }),
      timeseries({
        title: 'JavaScript heap',
        description:
          'Of the main processes: what is in use, what is reserved, and what buffers take outside of it.',
        unit: 'bytes',
        width: 8,
        queries: [
          { expr: sum([], NAME.heapUsed), legend: 'used' },
          { expr: sum([], NAME.heapTotal), legend: 'reserved' },
          { expr: sum([], NAME.externalMemory), legend: 'buffers' },
        ],
      }),
      timeseries({
        title: 'Open files',
        description: 'Files and connections that the main process has open, as a share of what it may.',
        unit: 'percentunit',
        width: 8,
        queries: [
          {
            expr: `${select(NAME.processOpenFiles)} / ${select(NAME.processMaxFiles)}`,
            legend: '{{instance}}',
          },
        ],
      }),
      timeseries({
        title: 'Memory of caches',
        description: 'What caches in the process hold, by cache.',
        unit: 'bytes',
        width: 8,
        queries: [{ expr: sum(['cache'], NAME.cacheBytes), legend: '{{cache}}' }],
      }),
    ],
  };
}
