import { readFileSync, readlinkSync } from 'node:fs';
import type { ProcessOwner } from '../nvml/read-processes.ts';
import type { GpuProcess } from '../reading.ts';

/** Number of the PID namespace that the system starts with. Source: `PROC_PID_INIT_INO`, linux/proc_ns.h. */
const firstNamespace = 'pid:[4026531836]';

/** Parents of a process that are looked at, at most: an executor may have been started through a shell. */
const maxParents = 4;

/** A look costs as much as thirty calls of the driver; a PID is not given to another process so soon. */
const rememberMs = 10_000;

export interface ProcessOwnerOptions {
  /** PID of a process' parent; undefined if there is no such process. @default from /proc */
  readonly parentOf?: (pid: number) => number | undefined;
  /** Whether the driver's PIDs are those of this process' namespace. @default from /proc */
  readonly isFirstNamespace?: boolean;
  /** Monotonic clock, ms. @default performance.now */
  readonly now?: () => number;
}

/**
 * Whose a process is: the service's own, one of its executors (its children), or somebody else's. The driver has the
 * PIDs of the host: in a container with PIDs of its own one that is none of ours may still be, and is nobody's.
 * @param mainPid of the service
 */
export function createProcessOwner(mainPid: number, options: ProcessOwnerOptions = {}): ProcessOwner {
  const { parentOf = parentFromProc, isFirstNamespace = readIsFirstNamespace() } = options;
  const now = options.now ?? (() => performance.now());
  const known = new Map<number, GpuProcess | undefined>();
  let lookedMs = now();

  const look = (pid: number): GpuProcess | undefined => {
    let parent = parentOf(pid);
    for (let i = 0; i < maxParents && parent !== undefined && parent > 1; i++) {
      if (parent === mainPid) return 'executor';
      parent = parentOf(parent);
    }
    return isFirstNamespace ? 'other' : undefined;
  };

  return (pid) => {
    if (pid === mainPid) return 'main';
    if (now() - lookedMs > rememberMs) {
      known.clear();
      lookedMs = now();
    }
    if (!known.has(pid)) known.set(pid, look(pid));
    return known.get(pid);
  };
}

function parentFromProc(pid: number): number | undefined {
  try {
    // The name in brackets may have spaces and brackets of its own.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return undefined;
  }
}

function readIsFirstNamespace(): boolean {
  try {
    return readlinkSync('/proc/self/ns/pid') === firstNamespace;
  } catch {
    return false;
  }
}
