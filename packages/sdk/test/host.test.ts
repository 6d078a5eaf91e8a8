import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Family } from '@inferometer/core';
import { waitFor } from '@inferometer/testkit';
import { afterEach, describe, expect, test } from 'vitest';
import { createReadHost } from '../src/host/read-host.ts';

const roots: string[] = [];

afterEach(() => {
  for (const root of roots.splice(0)) rmSync(root, { recursive: true, force: true });
});

/** Writes files as a kernel showed them, and reads them as if they were its own. */
function readRecorded(files: Readonly<Record<string, string>>): Record<string, number> {
  const root = mkdtempSync(join(tmpdir(), 'inferometer-host-'));
  roots.push(root);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(root, dirname(path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return valuesOf(createReadHost({ root, bootMs: 1000 })());
}

/** By name and labels. */
function valuesOf(families: readonly Family[]): Record<string, number> {
  const all = families.flatMap(({ name, series }) =>
    series.map(({ labels, value = Number.NaN }) => {
      const text = labels.map(([key, label]) => `${key}=${label}`).join(',');
      return [text ? `${name}{${text}}` : name, value] as const;
    }),
  );
  return Object.fromEntries(all);
}

const v2 = (root: string): string =>
  `24 30 0:22 / /proc rw,nosuid - proc proc rw\n30 24 0:26 ${root} /sys/fs/cgroup ro,nosuid,nodev,noexec,relatime - cgroup2 cgroup rw,nsdelegate\n`;
const group = '/sys/fs/cgroup';
const psi = (total: number): string =>
  `some avg10=0.10 avg60=0.05 avg300=0.01 total=${total}\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=${total / 2}\n`;
const cpuStat = (used: number, periods: number, throttled: number, throttledFor: number): string =>
  `usage_usec ${used}\nuser_usec 1\nsystem_usec 2\nnr_periods ${periods}\nnr_throttled ${throttled}\nthrottled_usec ${throttledFor}\nnr_bursts 0\nburst_usec 0\n`;

describe('cgroup version 2', () => {
  test('a container in a cgroup namespace: the mount is its cgroup', () => {
    const values = readRecorded({
      '/proc/self/cgroup': '0::/\n',
      '/proc/self/mountinfo': v2('/'),
      [`${group}/cpu.max`]: '150000 100000\n',
      [`${group}/cpu.stat`]: cpuStat(2_500_000, 100, 40, 750_000),
      [`${group}/cpu.pressure`]: psi(4_000_000),
      [`${group}/memory.pressure`]: psi(2_000_000),
      [`${group}/memory.max`]: '536870912\n',
      [`${group}/memory.current`]: '300000000\n',
      [`${group}/memory.stat`]: 'anon 100\nfile 200\ninactive_file 50000000\nactive_file 3\n',
      [`${group}/memory.events`]: 'low 0\nhigh 1\nmax 7\noom 2\noom_kill 1\noom_group_kill 0\n',
      '/proc/pressure/cpu': psi(8_000_000),
    });
    expect(values).toEqual({
      inference_cgroup_cpu_limit_cores: 1.5,
      inference_cgroup_cpu_seconds_total: 2.5,
      inference_cgroup_cpu_periods_total: 100,
      inference_cgroup_cpu_throttled_periods_total: 40,
      inference_cgroup_cpu_throttled_seconds_total: 0.75,
      inference_cgroup_memory_limit_bytes: 536_870_912,
      inference_cgroup_memory_usage_bytes: 300_000_000,
      inference_cgroup_memory_working_set_bytes: 250_000_000,
      'inference_cgroup_memory_events_total{event=low}': 0,
      'inference_cgroup_memory_events_total{event=high}': 1,
      'inference_cgroup_memory_events_total{event=max}': 7,
      'inference_cgroup_memory_events_total{event=oom}': 2,
      'inference_cgroup_memory_events_total{event=oom_kill}': 1,
      'inference_cgroup_memory_events_total{event=oom_group_kill}': 0,
      'inference_pressure_stalled_seconds_total{resource=cpu,kind=some,scope=host}': 8,
      'inference_pressure_stalled_seconds_total{resource=cpu,kind=full,scope=host}': 4,
      'inference_pressure_stalled_seconds_total{resource=cpu,kind=some,scope=cgroup}': 4,
      'inference_pressure_stalled_seconds_total{resource=cpu,kind=full,scope=cgroup}': 2,
      'inference_pressure_stalled_seconds_total{resource=memory,kind=some,scope=cgroup}': 2,
      'inference_pressure_stalled_seconds_total{resource=memory,kind=full,scope=cgroup}': 1,
    });
  });

  test('nested: the tightest limit holds, and usage and throttling are those of the cgroup that has it', () => {
    const pod = `${group}/kubepods.slice/pod1.slice`;
    const own = `${pod}/cri-a.scope`;
    const values = readRecorded({
      '/proc/self/cgroup': '0::/kubepods.slice/pod1.slice/cri-a.scope\n',
      '/proc/self/mountinfo': v2('/'),
      [`${own}/cpu.max`]: 'max 100000\n',
      [`${own}/cpu.stat`]: cpuStat(1_000_000, 0, 0, 0),
      [`${own}/memory.max`]: '1000000\n',
      [`${own}/memory.current`]: '600000\n',
      [`${own}/cpu.pressure`]: psi(2_000_000),
      [`${pod}/cpu.max`]: '200000 100000\n',
      [`${pod}/cpu.stat`]: cpuStat(9_000_000, 50, 25, 3_000_000),
      [`${pod}/memory.max`]: 'max\n',
      [`${pod}/memory.current`]: '900000\n',
      [`${group}/kubepods.slice/cpu.max`]: '400000 100000\n',
      [`${group}/kubepods.slice/memory.max`]: '5000000\n',
    });
    expect(values).toMatchObject({
      inference_cgroup_cpu_limit_cores: 2,
      inference_cgroup_cpu_seconds_total: 9,
      inference_cgroup_cpu_throttled_periods_total: 25,
      inference_cgroup_cpu_throttled_seconds_total: 3,
      inference_cgroup_memory_limit_bytes: 1_000_000,
      inference_cgroup_memory_usage_bytes: 600_000,
      'inference_pressure_stalled_seconds_total{resource=cpu,kind=some,scope=cgroup}': 2,
    });
  });

  test.each([
    ['a mount that begins at the container', '/docker/abc', '/docker/abc'],
    ['a mount that begins above it', '/docker', '/docker/abc'],
    ['a path that leads out of the namespace', '/', '/../../elsewhere'],
  ])('%s', (_, root, path) => {
    const at = root === '/docker' ? `${group}/abc` : group;
    const values = readRecorded({
      '/proc/self/cgroup': `0::${path}\n`,
      '/proc/self/mountinfo': v2(root),
      [`${at}/cpu.max`]: '50000 100000\n',
    });
    expect(values).toEqual({ inference_cgroup_cpu_limit_cores: 0.5 });
  });

  test('without limits there are none, and what the kernel does not tell is absent and not 0', () => {
    const values = readRecorded({
      '/proc/self/cgroup': '0::/\n',
      '/proc/self/mountinfo': v2('/'),
      [`${group}/cpu.max`]: 'max 100000\n',
      [`${group}/cpu.stat`]: 'usage_usec 500000\nuser_usec 1\nsystem_usec 2\n',
      [`${group}/memory.max`]: 'max\n',
      [`${group}/memory.current`]: '10\n',
    });
    expect(values).toEqual({
      inference_cgroup_cpu_seconds_total: 0.5,
      inference_cgroup_memory_usage_bytes: 10,
    });
  });
});

describe('cgroup version 1', () => {
  const mounts = ['cpu,cpuacct', 'memory']
    .map((name, i) => `${40 + i} 30 0:${30 + i} / ${group}/${name} rw - cgroup cgroup rw,${name}`)
    .join('\n');
  const unlimited = '9223372036854771712\n';

  test('nested, beside a version 2 without controllers', () => {
    const cpu = `${group}/cpu,cpuacct`;
    const memory = `${group}/memory`;
    const values = readRecorded({
      '/proc/self/cgroup': '4:memory:/pod/c\n3:cpu,cpuacct:/pod/c\n1:name=systemd:/x\n0::/x\n',
      '/proc/self/mountinfo': `${v2('/').replaceAll(group, `${group}/unified`)}${mounts}\n`,
      [`${cpu}/pod/c/cpu.cfs_quota_us`]: '-1\n',
      [`${cpu}/pod/c/cpu.cfs_period_us`]: '100000\n',
      [`${cpu}/pod/c/cpuacct.usage`]: '1000000000\n',
      [`${cpu}/pod/cpu.cfs_quota_us`]: '25000\n',
      [`${cpu}/pod/cpu.cfs_period_us`]: '50000\n',
      [`${cpu}/pod/cpu.stat`]: 'nr_periods 20\nnr_throttled 5\nthrottled_time 1500000000\n',
      [`${cpu}/pod/cpuacct.usage`]: '3000000000\n',
      [`${memory}/pod/c/memory.limit_in_bytes`]: '2000\n',
      [`${memory}/pod/c/memory.usage_in_bytes`]: '1500\n',
      [`${memory}/pod/c/memory.stat`]: 'inactive_file 1\ntotal_inactive_file 500\n',
      [`${memory}/pod/c/memory.failcnt`]: '3\n',
      [`${memory}/pod/c/memory.oom_control`]: 'oom_kill_disable 0\nunder_oom 0\noom_kill 2\n',
      [`${memory}/pod/memory.limit_in_bytes`]: unlimited,
    });
    expect(values).toEqual({
      inference_cgroup_cpu_limit_cores: 0.5,
      inference_cgroup_cpu_seconds_total: 3,
      inference_cgroup_cpu_periods_total: 20,
      inference_cgroup_cpu_throttled_periods_total: 5,
      inference_cgroup_cpu_throttled_seconds_total: 1.5,
      inference_cgroup_memory_limit_bytes: 2000,
      inference_cgroup_memory_usage_bytes: 1500,
      inference_cgroup_memory_working_set_bytes: 1000,
      'inference_cgroup_memory_events_total{event=max}': 3,
      'inference_cgroup_memory_events_total{event=oom_kill}': 2,
    });
  });
});

test.each([
  ['nothing', {}],
  [
    'files that are not what they should be',
    { '/proc/self/cgroup': 'x\n\n::\n', '/proc/self/mountinfo': ' - \n-' },
  ],
  ['a cgroup that is mounted nowhere', { '/proc/self/cgroup': '0::/a\n', '/proc/self/mountinfo': '' }],
])('a machine that tells %s has no such metrics', (_, files) => {
  expect(readRecorded(files)).toEqual({});
});

test('counters say since when they count', () => {
  const families = createReadHost({ root: '', bootMs: 1234 })();
  const counters = families.filter(({ type }) => type === 'counter');
  expect(
    counters.flatMap(({ series }) => series.map(({ createdMs }) => createdMs)).every((at) => at === 1234),
  ).toBe(true);
});

/** Directories to make a cgroup with a quota in, of either version; undefined where we may not. */
function realCgroup(): { readonly dir: string; limit(dir: string): void } | undefined {
  const name = `inferometer-test-${process.pid}`;
  const candidates = [
    {
      dir: `/sys/fs/cgroup/cpu/${name}`,
      limit(dir: string) {
        writeFileSync(`${dir}/cpu.cfs_period_us`, '100000');
        writeFileSync(`${dir}/cpu.cfs_quota_us`, '2000');
      },
    },
    {
      dir: `/sys/fs/cgroup/${name}`,
      limit: (dir: string) => writeFileSync(`${dir}/cpu.max`, '2000 100000'),
    },
  ];
  for (const candidate of candidates) {
    try {
      mkdirSync(candidate.dir);
      candidate.limit(candidate.dir);
      return candidate;
    } catch {
      if (existsSync(candidate.dir)) rmdirSync(candidate.dir);
    }
  }
  return undefined;
}

test('a process that a real cgroup throttles sees it in its metrics', async ({ skip }) => {
  // Little enough that it is used up on a machine that is busy with other things as well.
  const cgroup = realCgroup();
  if (cgroup === undefined) return skip('this machine lets us make no cgroup with a quota');
  try {
    const program = join(import.meta.dirname, 'apps/throttled.mjs');
    const printed = execFileSync(process.execPath, [program, cgroup.dir], { encoding: 'utf8' });
    const [first, second] = printed.split('\n', 2).map((line) => valuesOf(JSON.parse(line) as Family[])) as [
      Record<string, number>,
      Record<string, number>,
    ];
    expect(first.inference_cgroup_cpu_limit_cores).toBe(0.02);
    const grown = (name: string): number => (second[name] as number) - (first[name] as number);
    expect(grown('inference_cgroup_cpu_throttled_periods_total')).toBeGreaterThanOrEqual(5);
    expect(grown('inference_cgroup_cpu_throttled_seconds_total')).toBeGreaterThan(0);
    expect(grown('inference_cgroup_cpu_periods_total')).toBeGreaterThanOrEqual(
      grown('inference_cgroup_cpu_throttled_periods_total'),
    );
  } finally {
    await waitFor('the cgroup to be empty', () => readFileSync(`${cgroup.dir}/cgroup.procs`, 'utf8') === '');
    rmdirSync(cgroup.dir);
  }
});
