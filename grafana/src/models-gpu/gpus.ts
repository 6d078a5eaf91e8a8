import type { Section } from '../layout.ts';
import { NAME } from '../names.ts';
import { heatmap, heatmapOfLines, timeseries } from '../panels.ts';
import { buckets, rate, select } from '../promql.ts';

export const chosenGpu = 'hw_id=~"$gpu"';
/** Metrics without a convention call it `gpu`; it is the same UUID. */
export const chosenGpuOfOurs = 'gpu=~"$gpu"';
export const noGpu = { noValue: 'No GPU' } as const;

/** How busy and how full GPUs are. */
export function gpus(): Section {
  return {
    title: 'GPUs',
    panels: [
      timeseries({
        title: 'GPU utilisation',
        description:
          'Share of the time in which at least one kernel ran, by GPU, as its driver tells it; encoder and decoder where they are used.',
        unit: 'percentunit',
        width: 8,
        max: 1,
        ...noGpu,
        queries: [
          {
            expr: `max by (hw_id, hw_name, hw_gpu_task) (${select(NAME.hwGpuUtilization, chosenGpu)})`,
            legend: '{{hw_gpu_task}} {{hw_name}} {{hw_id}}',
          },
        ],
      }),
      heatmap({
        title: 'GPU utilisation, all readings',
        description:
          'How many readings of all chosen GPUs had which utilisation: percentiles of a fleet, which no mean shows.',
        unit: 'percentunit',
        width: 8,
        ...noGpu,
        queries: [{ expr: buckets(NAME.gpuUtilization, chosenGpuOfOurs), legend: '{{le}}' }],
      }),
      timeseries({
        title: 'GPU seconds per second',
        description:
          'Time of model runs on GPUs in each second, by model: what of the GPUs is ours. Above the utilisation of a GPU: runs wait for each other on it.',
        unit: 'none',
        width: 8,
        stacked: true,
        ...noGpu,
        queries: [
          {
            expr: rate(['model', 'inference_device'], NAME.deviceTime, 'inference_device!=""'),
            legend: '{{model}} on {{inference_device}}',
          },
        ],
      }),
      timeseries({
        title: 'GPU memory',
        description: 'Memory in use, by GPU, of all processes; the limit is what the card has.',
        unit: 'bytes',
        width: 8,
        ...noGpu,
        queries: [
          { expr: `max by (hw_id) (${select(NAME.hwGpuMemoryUsage, chosenGpu)})`, legend: 'used {{hw_id}}' },
          { expr: `max by (hw_id) (${select(NAME.hwGpuMemoryLimit, chosenGpu)})`, legend: 'limit {{hw_id}}' },
        ],
      }),
      heatmap({
        title: 'GPU memory, all readings',
        description: 'How many readings of all chosen GPUs had which share of their memory in use.',
        unit: 'percentunit',
        width: 8,
        ...noGpu,
        queries: [{ expr: buckets(NAME.gpuMemoryUtilization, chosenGpuOfOurs), legend: '{{le}}' }],
      }),
      timeseries({
        title: 'GPU memory by process',
        description: "Memory in use by the service's executors, its main process and by others.",
        unit: 'bytes',
        width: 8,
        stacked: true,
        ...noGpu,
        queries: [
          {
            expr: `sum by (gpu, process) (${select(NAME.gpuProcessMemory, chosenGpuOfOurs)})`,
            legend: '{{process}} {{gpu}}',
          },
        ],
      }),
      timeseries({
        title: 'GPU power',
        description: 'What each GPU draws.',
        unit: 'watt',
        width: 8,
        ...noGpu,
        queries: [{ expr: `max by (hw_id) (${select(NAME.hwPower, chosenGpu)})`, legend: '{{hw_id}}' }],
      }),
      heatmapOfLines({
        title: 'GPU power, all GPUs',
        description: 'How many of the chosen GPUs drew how much.',
        unit: 'watt',
        width: 8,
        ...noGpu,
        queries: [{ expr: `max by (hw_id) (${select(NAME.hwPower, chosenGpu)})`, legend: '{{hw_id}}' }],
      }),
      timeseries({
        title: 'Power that requests account for',
        description:
          "Of the GPUs' power, what models used by their device time, and all of it. The rest is idle draw and other processes.",
        unit: 'watt',
        width: 8,
        ...noGpu,
        queries: [
          { expr: rate(['model'], NAME.energy), legend: '{{model}}' },
          { expr: rate([], NAME.hwEnergy, chosenGpu), legend: 'all' },
        ],
      }),
    ],
  };
}
