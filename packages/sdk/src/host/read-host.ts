import { type Family, type Labels, METRIC, type Series } from '@inferometer/core';
import { readCgroup } from './cgroup.ts';
import { cgroupPaths } from './cgroup-paths.ts';
import { type PressureReading, readPressure } from './pressure.ts';
import { createReadFile } from './read-file.ts';

export interface HostOptions {
  /** What stands before all paths, for files that were recorded. @default none */
  readonly root?: string;
  /** When the kernel began to count, ms since the epoch. */
  readonly bootMs: number;
}

/** What the kernel tells of the cgroup of this process and of the machine, anew each time; nothing where it does not. */
export type ReadHost = () => Family[];

/** A dozen small files of the kernel's: 0.3 ms a scrape, of the telemetry worker. */
export function createReadHost({ root, bootMs }: HostOptions): ReadHost {
  const read = createReadFile(root);

  const family = (
    type: 'counter' | 'gauge',
    name: string,
    unit: string,
    help: string,
    values: readonly (readonly [labels: Labels, value: number | undefined])[],
  ): Family[] => {
    const series = values.flatMap(([labels, value]): Series[] =>
      value === undefined ? [] : [{ labels, value, ...(type === 'counter' ? { createdMs: bootMs } : {}) }],
    );
    return series.length === 0 ? [] : [{ name, type, help, ...(unit ? { unit } : {}), series }];
  };
  const counter = (name: string, unit: string, help: string, value: number | undefined): Family[] =>
    family('counter', name, unit, help, [[[], value]]);
  const gauge = (name: string, unit: string, help: string, value: number | undefined): Family[] =>
    family('gauge', name, unit, help, [[[], value]]);

  const pressure = (dir: string | undefined): Family[] => {
    const ofHost = readPressure((resource) => `/proc/pressure/${resource}`, read);
    const ofCgroup = dir === undefined ? [] : readPressure((resource) => `${dir}/${resource}.pressure`, read);
    const series = (scope: string, readings: readonly PressureReading[]) =>
      readings.map(({ resource, kind, seconds }) => {
        const labels: Labels = [
          ['resource', resource],
          ['kind', kind],
          ['scope', scope],
        ];
        return [labels, seconds] as const;
      });
    return family(
      'counter',
      METRIC.pressureStalled,
      's',
      'Time in which some or all tasks stood still for want of a resource (PSI).',
      [...series('host', ofHost), ...series('cgroup', ofCgroup)],
    );
  };

  return () => {
    // Anew each time: a process may be moved.
    const paths = cgroupPaths(read('/proc/self/cgroup') ?? '', read('/proc/self/mountinfo') ?? '');
    if (paths === undefined) return pressure(undefined);
    const { cpu, memory } = readCgroup(paths, read);
    return [
      ...gauge(METRIC.cgroupCpuLimit, '{cpu}', 'CPUs that the cgroup may take.', cpu.limitCores),
      ...counter(METRIC.cgroupCpu, 's', 'CPU that the cgroup has taken.', cpu.usedSeconds),
      ...counter(METRIC.cgroupCpuPeriods, '', 'Periods in which the cgroup wanted to run.', cpu.periods),
      ...counter(
        METRIC.cgroupCpuThrottledPeriods,
        '',
        'Periods in which the cgroup had used up its CPU and was stopped.',
        cpu.throttledPeriods,
      ),
      ...counter(
        METRIC.cgroupCpuThrottled,
        's',
        'Time for which the cgroup was stopped, having used up its CPU, of all CPUs it ran on.',
        cpu.throttledSeconds,
      ),
      ...gauge(METRIC.cgroupMemoryLimit, 'By', 'Memory that the cgroup may use.', memory.limitBytes),
      ...gauge(METRIC.cgroupMemory, 'By', 'Memory of the cgroup, page cache included.', memory.usedBytes),
      ...gauge(
        METRIC.cgroupMemoryWorkingSet,
        'By',
        'Memory of the cgroup without page cache that was not used of late: what Kubernetes holds against the limit.',
        memory.workingSetBytes,
      ),
      ...family(
        'counter',
        METRIC.cgroupMemoryEvents,
        '',
        'How often the cgroup met a limit of its memory.',
        [...memory.events].map(([event, count]) => [[['event', event]], count] as const),
      ),
      ...pressure(paths.version === 2 ? paths.cpu[0] : undefined),
    ];
  };
}
