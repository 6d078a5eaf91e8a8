import type { CgroupPaths } from './cgroup-paths.ts';
import { fieldsOf, numberOf, type ReadFile } from './read-file.ts';

/** What a cgroup may use and has used; what is not told or not limited is undefined. */
export interface CgroupReading {
  readonly cpu: CpuReading;
  readonly memory: MemoryReading;
}

export interface CpuReading {
  /** CPUs' worth of time that it may take. */
  readonly limitCores?: number | undefined;
  readonly usedSeconds?: number | undefined;
  /** Periods in which it wanted to run, and those in which its quota was used up. */
  readonly periods?: number | undefined;
  readonly throttledPeriods?: number | undefined;
  readonly throttledSeconds?: number | undefined;
}

export interface MemoryReading {
  readonly limitBytes?: number | undefined;
  /** With the page cache, of which the kernel gives back what it needs. */
  readonly usedBytes?: number | undefined;
  /** Without what of the page cache nobody has used of late: what Kubernetes holds against the limit. */
  readonly workingSetBytes?: number | undefined;
  /** How often limits were met, by name: `max`, `oom`, `oom_kill`, … */
  readonly events: ReadonlyMap<string, number>;
}

/**
 * Reads what holds for a process: of nested cgroups the tightest limit, which is often that of a Pod and not the
 * container's own, and usage and throttling there where that limit is, for only the two together say how near it is.
 */
export function readCgroup(paths: CgroupPaths, read: ReadFile): CgroupReading {
  return paths.version === 2 ? readUnified(paths, read) : readOld(paths, read);
}

interface Limited {
  readonly dir: string;
  readonly limit: number | undefined;
}

/** The directory of the least limit; without any, the process's own. */
function tightest(
  dirs: readonly string[],
  limitOf: (dir: string) => number | undefined,
): Limited | undefined {
  let found: Limited | undefined;
  for (const dir of dirs) {
    const limit = limitOf(dir);
    if (found === undefined || (limit !== undefined && limit < (found.limit ?? Number.POSITIVE_INFINITY)))
      found = { dir, limit };
  }
  return found;
}

function readUnified({ cpu, memory }: CgroupPaths, read: ReadFile): CgroupReading {
  const cores = (dir: string): number | undefined => {
    const [quota, period] = (read(`${dir}/cpu.max`) ?? '').split(' ').map(numberOf);
    return quota === undefined || period === undefined ? undefined : quota / period;
  };
  const onCpu = tightest(cpu, cores);
  const stat = fieldsOf(onCpu && read(`${onCpu.dir}/cpu.stat`));
  const inMemory = tightest(memory, (dir) => numberOf(read(`${dir}/memory.max`)));
  const at = inMemory?.dir;
  const usedBytes = numberOf(read(`${at}/memory.current`));
  return {
    cpu: {
      limitCores: onCpu?.limit,
      usedSeconds: scaled(stat.get('usage_usec'), 1e-6),
      periods: stat.get('nr_periods'),
      throttledPeriods: stat.get('nr_throttled'),
      throttledSeconds: scaled(stat.get('throttled_usec'), 1e-6),
    },
    memory: {
      limitBytes: inMemory?.limit,
      usedBytes,
      workingSetBytes: without(usedBytes, fieldsOf(read(`${at}/memory.stat`)).get('inactive_file')),
      events: fieldsOf(read(`${at}/memory.events`)),
    },
  };
}

/** Version 1 has no word for no limit: it is a number next to 2^63. */
const unlimited = 2 ** 60;

function readOld({ cpu, cpuUsage, memory }: CgroupPaths, read: ReadFile): CgroupReading {
  const onCpu = tightest(cpu, (dir) => {
    const quota = numberOf(read(`${dir}/cpu.cfs_quota_us`));
    const period = numberOf(read(`${dir}/cpu.cfs_period_us`));
    return quota === undefined || quota < 0 || !period ? undefined : quota / period;
  });
  const stat = fieldsOf(onCpu && read(`${onCpu.dir}/cpu.stat`));
  // The same level of the other hierarchy, where both are as deep; else the process's own.
  const level = onCpu && cpu.length === cpuUsage.length ? cpu.indexOf(onCpu.dir) : 0;
  const inMemory = tightest(memory, (dir) => {
    const limit = numberOf(read(`${dir}/memory.limit_in_bytes`));
    return limit === undefined || limit >= unlimited ? undefined : limit;
  });
  const at = inMemory?.dir;
  const usedBytes = numberOf(read(`${at}/memory.usage_in_bytes`));
  const events = new Map<string, number>();
  const failures = numberOf(read(`${at}/memory.failcnt`));
  const kills = fieldsOf(read(`${at}/memory.oom_control`)).get('oom_kill');
  if (failures !== undefined) events.set('max', failures);
  if (kills !== undefined) events.set('oom_kill', kills);
  return {
    cpu: {
      limitCores: onCpu?.limit,
      usedSeconds: scaled(numberOf(read(`${cpuUsage[level]}/cpuacct.usage`)), 1e-9),
      periods: stat.get('nr_periods'),
      throttledPeriods: stat.get('nr_throttled'),
      throttledSeconds: scaled(stat.get('throttled_time'), 1e-9),
    },
    memory: {
      limitBytes: inMemory?.limit,
      usedBytes,
      workingSetBytes: without(usedBytes, fieldsOf(read(`${at}/memory.stat`)).get('total_inactive_file')),
      events,
    },
  };
}

function scaled(value: number | undefined, by: number): number | undefined {
  return value === undefined ? undefined : value * by;
}

function without(used: number | undefined, part: number | undefined): number | undefined {
  return used === undefined || part === undefined ? undefined : Math.max(0, used - part);
}
