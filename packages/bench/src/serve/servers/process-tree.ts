import { readdirSync, readFileSync } from 'node:fs';

/**
 * A process and all that descend from it, by /proc: servers put workers into groups and sessions of their own, where no
 * signal to a group finds them.
 * @returns the process alone where there is no /proc
 */
export function processTree(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const [pid, parent] of parents()) children.set(parent, [...(children.get(parent) ?? []), pid]);
  const tree = [root];
  for (let i = 0; i < tree.length; i++) tree.push(...(children.get(tree[i] as number) ?? []));
  return tree;
}

function parents(): [pid: number, parent: number][] {
  let entries: string[];
  try {
    entries = readdirSync('/proc').filter((entry) => /^\d+$/.test(entry));
  } catch {
    return [];
  }
  return entries.flatMap((entry) => {
    // After the name in brackets: state, parent.
    const fields = read(`/proc/${entry}/stat`)?.split(') ').at(-1)?.split(' ');
    return fields ? [[Number(entry), Number(fields[1])] as [number, number]] : [];
  });
}

/** Resident memory, bytes; what processes share is counted for each. NaN where there is no /proc. */
export function residentBytes(pids: readonly number[]): number {
  const each = pids.map((pid) => Number(/^VmRSS:\s+(\d+) kB/m.exec(read(`/proc/${pid}/status`) ?? '')?.[1]));
  const known = each.filter((kib) => !Number.isNaN(kib));
  return known.length === 0 ? Number.NaN : known.reduce((sum, kib) => sum + kib * 1024, 0);
}

/** Sends a signal to those that are still there. */
export function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch {
      // It has ended.
    }
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // It has ended meanwhile.
    return undefined;
  }
}
