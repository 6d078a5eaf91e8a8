/** Directories of this process's cgroup, from its own up to the top of what can be seen, the own first. */
export interface CgroupPaths {
  readonly version: 1 | 2;
  /** Where limits and throttling of the CPU are told; empty where they are not. */
  readonly cpu: readonly string[];
  /** Where the CPU used is told. */
  readonly cpuUsage: readonly string[];
  readonly memory: readonly string[];
}

interface Mount {
  /** The part of the hierarchy that is mounted. */
  readonly root: string;
  readonly point: string;
  readonly type: string;
  /** Controllers of version 1. */
  readonly options: readonly string[];
}

/**
 * Finds a process's cgroup, also in a container: in a cgroup namespace its path is `/`, or leads out of what is mounted,
 * and the mount is the cgroup; without one the mount may begin below the path.
 * @param cgroup text of /proc/self/cgroup
 * @param mountinfo text of /proc/self/mountinfo
 * @returns undefined where neither version tells of CPU or memory
 */
export function cgroupPaths(cgroup: string, mountinfo: string): CgroupPaths | undefined {
  const mounts = mountsOf(mountinfo);
  const places = placesOf(cgroup);
  const old = (controller: string): readonly string[] => {
    const mount = mounts.find(({ type, options }) => type === 'cgroup' && options.includes(controller));
    const path = places.find(({ controllers }) => controllers.includes(controller))?.path;
    return mount && path !== undefined ? chain(mount, path) : [];
  };
  const [cpu, memory] = [old('cpu'), old('memory')];
  // Where both are there (hybrid), version 2 has no controllers.
  if (cpu.length > 0 || memory.length > 0) return { version: 1, cpu, cpuUsage: old('cpuacct'), memory };
  const unified = mounts.find(({ type }) => type === 'cgroup2');
  const path = places.find(({ controllers }) => controllers.length === 0)?.path;
  if (unified === undefined || path === undefined) return undefined;
  const all = chain(unified, path);
  return { version: 2, cpu: all, cpuUsage: all, memory: all };
}

function mountsOf(mountinfo: string): Mount[] {
  return mountinfo.split('\n').flatMap((line) => {
    const [before = '', after] = line.split(' - ');
    const [, , , root, point] = before.split(' ');
    const [type = '', , options = ''] = after?.split(' ') ?? [];
    if (root === undefined || point === undefined || !type.startsWith('cgroup')) return [];
    return { root: unescaped(root), point: unescaped(point), type, options: options.split(',') };
  });
}

/** Spaces and the like are octal. */
function unescaped(path: string): string {
  return path.replaceAll(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}

function placesOf(cgroup: string): { controllers: readonly string[]; path: string }[] {
  return cgroup.split('\n').flatMap((line) => {
    const match = /^\d+:([^:]*):(.*)$/.exec(line);
    if (!match) return [];
    return { controllers: match[1] === '' ? [] : (match[1] as string).split(','), path: match[2] as string };
  });
}

function chain({ root, point }: Mount, path: string): string[] {
  const below =
    path === root ? '' : path.startsWith(root === '/' ? '/' : `${root}/`) ? path.slice(root.length) : '';
  // A path that leads out of the namespace says nothing about what is mounted.
  const parts = below.split('/').filter((part) => part !== '');
  const inside = parts.includes('..') ? [] : parts;
  return Array.from({ length: inside.length + 1 }, (_, up) =>
    [point, ...inside.slice(0, inside.length - up)].join('/'),
  );
}
