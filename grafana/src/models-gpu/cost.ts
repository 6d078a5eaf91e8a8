import type { Section } from '../layout.ts';
import { NAME } from '../names.ts';
import { timeseries } from '../panels.ts';
import { chosenModel, observations, rate, select } from '../promql.ts';

/** Who uses the devices, and what a request costs. */
export function cost(): Section {
  const perThousand = (counter: string) =>
    `1000 * ${rate(['model'], counter, chosenModel)}\n/ on (model)\n(${observations(['model'], NAME.requestDuration, chosenModel)} > 0)`;
  const shared = 'Requests share a run by their tokens; the shares of a batch add up to its run.';
  return {
    title: 'Device time and energy',
    panels: [
      timeseries({
        title: 'Device time by model',
        description: `Seconds of model runs in each second, by model and device: 1 keeps one executor busy. ${shared}`,
        unit: 'none',
        width: 8,
        stacked: true,
        queries: [
          {
            expr: rate(['model', 'inference_device'], NAME.deviceTime, chosenModel),
            legend: '{{model}} on {{inference_device}}',
          },
        ],
      }),
      timeseries({
        title: 'Device time by tenant',
        description: `Seconds of model runs in each second, by tenant. ${shared}`,
        unit: 'none',
        width: 8,
        stacked: true,
        queries: [{ expr: rate(['tenant'], NAME.deviceTime, chosenModel), legend: '{{tenant}}' }],
      }),
      timeseries({
        title: 'CPU time by model and tenant',
        description:
          'Cores that executors kept busy with model runs, by model and tenant, shared out likewise.',
        unit: 'none',
        width: 8,
        stacked: true,
        queries: [
          { expr: rate(['model', 'tenant'], NAME.cpuTime, chosenModel), legend: '{{model}} {{tenant}}' },
        ],
      }),
      timeseries({
        title: 'Executor utilisation',
        description: 'Share of the time that each executor spent in model runs.',
        unit: 'percentunit',
        width: 8,
        max: 1,
        queries: [
          {
            expr: `max by (model, executor) (${select(NAME.executorUtilization, chosenModel)})`,
            legend: '{{model}} {{executor}}',
          },
        ],
      }),
      timeseries({
        title: 'Device seconds per 1,000 requests',
        description: 'Time of model runs that a thousand requests of a model take.',
        unit: 's',
        width: 8,
        queries: [{ expr: perThousand(NAME.deviceTime), legend: '{{model}}' }],
      }),
      timeseries({
        title: 'Energy per 1,000 requests',
        description:
          "Energy of GPUs that a thousand requests of a model take. An estimate: the device's energy between two readings, shared out by the device time that was used between them.",
        unit: 'joule',
        width: 8,
        noValue: 'No GPU',
        queries: [{ expr: perThousand(NAME.energy), legend: '{{model}}' }],
      }),
    ],
  };
}
