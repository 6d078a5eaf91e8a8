import {
  createMemoryReader,
  createMetricFileReader,
  type Family,
  type MemoryReader,
  sumFamilies,
} from '@inferometer/core';
import { diag } from '@opentelemetry/api';
import { familiesFromOtel } from '../exposition/from-otel.ts';
import { familiesFromPromClient } from '../exposition/from-prom-client.ts';
import { mergeFamilies } from '../exposition/merge.ts';
import type { Snapshot } from '../shared/messages.ts';

/** All metrics there are, from whichever thread or process. */
export interface MetricSources {
  /** One list, shared by all who ask at the same time. */
  collect(): Promise<Family[]>;
  /** The main thread's answer. */
  received(snapshot: Snapshot): void;
  /** Another process' metrics; when it is gone its last values stay. */
  addFile(path: string): void;
  removeFile(path: string): void;
}

export interface MetricSourcesOptions {
  /** The main thread's metrics. */
  readonly memory: SharedArrayBuffer | ArrayBuffer;
  /** The worker's own. */
  readonly own: () => Family[];
  /** Asks the main thread for what only it can read. */
  readonly ask: () => void;
  /** Whether the main thread's loop stands still, so that asking it is of no use. */
  readonly isBlocked: () => boolean;
}

/**
 * An application that collects prom-client's process metrics itself may have given them labels of its own, and then its
 * series and ours would both be there: its families stand alone.
 * @param registries ours of the process first
 */
function ownersFirst([processes = [], ...owned]: readonly Family[][]): Family[][] {
  const names = new Set(owned.flat().map(({ name }) => name));
  return [...owned, processes.filter(({ name }) => !names.has(name))];
}

/** The main thread answers within a turn of its loop; past this the last answer has to do. */
const answerLimitMs = 1000;
/** How often a block that begins while we wait is looked for. */
const lookMs = 50;

export function createMetricSources(options: MetricSourcesOptions): MetricSources {
  const memory = createMemoryReader(options.memory);
  const files = new Map<string, MemoryReader>();
  // What processes that are gone have counted: a counter must not fall because an executor was restarted.
  let retired: Family[] = [];
  let last: Snapshot | undefined;
  let waiting: (() => void) | undefined;
  let collecting: Promise<Family[]> | undefined;
  const said = new Set<string>();

  const answer = async (): Promise<void> => {
    if (options.isBlocked()) return;
    let limit: NodeJS.Timeout | undefined;
    let look: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      waiting = resolve;
      limit = setTimeout(resolve, answerLimitMs);
      look = setInterval(() => options.isBlocked() && resolve(), lookMs);
      options.ask();
    });
    waiting = undefined;
    clearTimeout(limit);
    clearInterval(look);
  };

  const readFile = (reader: MemoryReader): Family[] => {
    try {
      return reader.read();
    } catch {
      // The process is just making or removing it: the next scrape will tell.
      return [];
    }
  };

  const collect = async (): Promise<Family[]> => {
    await answer();
    const processes = [...files.values()].map(readFile);
    const ours = sumFamilies([memory.read(), options.own(), ...processes, retired]);
    const api = last?.otel ? familiesFromOtel(last.otel) : [];
    const registries = ownersFirst(last?.prom.map(familiesFromPromClient) ?? []);
    const { families, conflicts } = mergeFamilies([ours, api, ...registries]);
    for (const { name, type, keptName, keptType } of conflicts) {
      if (said.has(name)) continue;
      said.add(name);
      diag.warn(`the ${type} ${name} is left out of /metrics: ${keptName} is there as ${keptType}`);
    }
    return families;
  };

  return {
    collect() {
      collecting ??= collect().finally(() => {
        collecting = undefined;
      });
      return collecting;
    },
    received(snapshot) {
      last = snapshot;
      waiting?.();
    },
    addFile: (path) => void files.set(path, createMetricFileReader(path)),
    removeFile(path) {
      const reader = files.get(path);
      if (reader === undefined) return;
      files.delete(path);
      // Gauges of a process that is gone mean nothing any more.
      const counted = readFile(reader).filter((family) => family.type !== 'gauge');
      retired = sumFamilies([retired, counted]);
    },
  };
}
