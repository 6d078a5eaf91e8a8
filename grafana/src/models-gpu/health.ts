import type { Section } from '../layout.ts';
import { NAME } from '../names.ts';
import { timeseries } from '../panels.ts';
import { rate, select } from '../promql.ts';
import { chosenGpu, chosenGpuOfOurs, noGpu } from './gpus.ts';

/** What slows GPUs down or ends them. */
export function health(): Section {
  return {
    title: 'GPU health',
    panels: [
      timeseries({
        title: 'GPU temperature',
        description: 'Of the chip. Near its limit a GPU slows itself down.',
        unit: 'celsius',
        width: 8,
        ...noGpu,
        queries: [{ expr: `max by (hw_id) (${select(NAME.hwTemperature, chosenGpu)})`, legend: '{{hw_id}}' }],
      }),
      timeseries({
        title: 'GPU clocks',
        description: 'Of the multiprocessors and of the memory.',
        unit: 'hertz',
        width: 8,
        ...noGpu,
        queries: [
          {
            expr: `max by (gpu, clock) (${select(NAME.gpuClock, chosenGpuOfOurs)})`,
            legend: '{{clock}} {{gpu}}',
          },
        ],
      }),
      timeseries({
        title: 'Slowed down',
        description:
          'Whether a GPU runs below its clocks at this time, and why: power, temperature, an external brake. Idle is not a fault.',
        unit: 'bool_yes_no',
        width: 8,
        max: 1,
        ...noGpu,
        queries: [
          {
            expr: `max by (gpu, reason) (${select(NAME.gpuThrottled, chosenGpuOfOurs)})`,
            legend: '{{reason}} {{gpu}}',
          },
        ],
      }),
      timeseries({
        title: 'PCIe throughput',
        description: 'Between the host and each GPU, in both directions.',
        unit: 'Bps',
        width: 8,
        ...noGpu,
        queries: [
          {
            expr: `max by (gpu, direction) (${select(NAME.gpuPcieThroughput, chosenGpuOfOurs)})`,
            legend: '{{direction}} {{gpu}}',
          },
        ],
      }),
      timeseries({
        title: 'GPU errors',
        description: 'Errors of memory and of the driver (Xid), a second, by kind.',
        unit: 'cps',
        width: 8,
        ...noGpu,
        queries: [
          {
            expr: rate(['hw_id', 'error_type'], NAME.hwErrors, chosenGpu),
            legend: '{{error_type}} {{hw_id}}',
          },
        ],
      }),
      timeseries({
        title: 'GPU state',
        description: 'Which state a GPU is in: 1 for the one it has. failed: lost, or in need of a reset.',
        unit: 'none',
        width: 8,
        max: 1,
        ...noGpu,
        queries: [
          {
            expr: `max by (hw_id, hw_state) (${select(NAME.hwStatus, chosenGpu)})`,
            legend: '{{hw_state}} {{hw_id}}',
          },
        ],
      }),
    ],
  };
}
