/** Panels that may be straight lines under this load, and why. */
export const constant: Readonly<Record<string, string>> = {
  'Last sample': 'one a second, and it is looked at every three',
  'Instances by version': 'one instance, of one version',
  'Cold start, by phase': 'there was one',
  'Time to load a model': 'they were loaded once',
  Executors: 'all of them are ready',
  'Executors started again': 'none crashes',
  'Block in progress': 'a block is over long before it is looked at',
  'Spans dropped': 'none are',
  'Refused and failed spans': 'none are',
  'Targets that answer': 'all of them do',
  'Samples in a scrape': 'no label gets a new value under an even load',
};

/** Panels, or `panel: legend`, that this load cannot fill, and why. */
export const absent: Readonly<Record<string, string>> = {
  'Refused and failed spans: failed {{exporter}}': 'the Collector has no such counter until one fails',
};

import { builtDashboards } from '../dashboard.ts';

/** Panels of readings that the service does not have yet. */
export const notYet: readonly string[] = builtDashboards().flatMap(([, { panels }]) =>
  panels
    .filter(({ targets = [] }) =>
      targets.some(({ expr }) =>
        /hw_|inference_gpu|inferometer_gpu|inference_energy|cgroup|pressure|inference_device!=/.test(expr),
      ),
    )
    .map(({ title }) => title),
);

/** Metrics that are there only once what an alert looks for has happened: such an alert cannot have data here. */
export const absentMetrics: RegExp =
  /otelcol_exporter_(send|enqueue)_failed|inference_cgroup_|hw_|inference_gpu_|inferometer_gpu_/;
