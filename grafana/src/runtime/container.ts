import type { Section } from '../layout.ts';
import { NAME } from '../names.ts';
import { timeseries } from '../panels.ts';
import { rate, select } from '../promql.ts';

/** What the limits of the container do. */
export function container(): Section {
  return {
    title: 'Container',
    panels: [
      timeseries({
        title: 'CPU of the container',
        description: 'Cores in use by all processes of the container, and its limit, where it has one.',
        unit: 'none',
        width: 8,
        queries: [
          { expr: rate(['instance'], NAME.cgroupCpu), legend: 'used {{instance}}' },
          { expr: `max by (instance) (${select(NAME.cgroupCpuLimit)})`, legend: 'limit {{instance}}' },
        ],
      }),
      timeseries({
        title: 'CPU throttling',
        description:
          'Share of the periods (usually of 100 ms) in which the container had used up its CPU and was stopped until the next. Requests wait for it in every phase.',
        unit: 'percentunit',
        width: 8,
        max: 1,
        noValue: 'No limit',
        queries: [
          {
            expr: `${rate(['instance'], NAME.cgroupCpuThrottledPeriods)}\n/\n(${rate(['instance'], NAME.cgroupCpuPeriods)} > 0)`,
            legend: '{{instance}}',
          },
        ],
      }),
      timeseries({
        title: 'Memory of the container',
        description:
          'Memory in use by all processes of the container, and its limit, at which one is killed.',
        unit: 'bytes',
        width: 8,
        queries: [
          { expr: `max by (instance) (${select(NAME.cgroupMemory)})`, legend: 'used {{instance}}' },
          { expr: `max by (instance) (${select(NAME.cgroupMemoryLimit)})`, legend: 'limit {{instance}}' },
        ],
      }),
      timeseries({
        title: 'Memory events',
        description:
          'How often memory was short, a second, by what came of it: high, max: something had to be given back first; oom, oom_kill: a process was ended.',
        unit: 'cps',
        width: 8,
        noValue: 'No limit',
        queries: [{ expr: rate(['event'], NAME.cgroupMemoryEvents), legend: '{{event}}' }],
      }),
    ],
  };
}
