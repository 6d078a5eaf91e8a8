import type { LoadPhaseName } from './semconv.ts';
import type { BatchRecord, TraceRecord } from './trace/record.ts';

/** A queue that metrics can read at any time. */
export interface QueueReading {
  readonly model: string;
  /** Items that may wait, at most. */
  readonly capacity: number;
  /** Items waiting now. */
  readonly depth: () => number;
}

/** A model that metrics can read at any time. */
export interface ModelReading {
  readonly model: string;
  /** Items in one model run, at most. */
  readonly batchSizeLimit: number;
  /** Its executors, by how they are. */
  readonly executors: () => ExecutorStates;
  /** Of a model that generates. */
  readonly generations?: () => GenerationReading;
}

/** Executors of a model: up, being started, and waiting to be started again after they failed. */
export interface ExecutorStates {
  readonly ready: number;
  readonly starting: number;
  readonly failed: number;
}

export interface GenerationReading {
  /** Places for generations in executors that are up. */
  readonly usedSlots: number;
  readonly freeSlots: number;
  /** Tokens whose keys and values are held, over those that all places have room for, in [0, 1]. */
  readonly kvUtilization: number;
}

/** One start of a model's executor. */
export interface ModelLoad {
  readonly model: string;
  readonly seconds: number;
  /** What it consists of; they sum to `seconds`. */
  readonly phases?: readonly PhaseSeconds[];
}

export interface PhaseSeconds {
  readonly name: LoadPhaseName;
  readonly seconds: number;
}

/** A cache that metrics can read at any time. */
export interface CacheReading {
  /** Which, such as `vectors.memory`. */
  readonly cache: string;
  /** What it holds; undefined for one in another process. */
  readonly held?: () => { readonly bytes: number; readonly entries: number };
  /** Of its circuit breaker: 0 closed, 1 half open, 2 open; undefined for one without. */
  readonly breakerState?: () => number;
}

/**
 * What a lookup came to: found; found, but past its time; not found; failed; not made, because the breaker was open;
 * got the result of the same work, which was in progress.
 */
export type CacheResult = 'hit' | 'stale' | 'miss' | 'error' | 'skipped' | 'coalesced';

/** A request that was refused as it came: nothing of it is kept but that there was one. */
export interface TurnedAway {
  readonly model: string;
  readonly reason: string;
  readonly method: string;
  readonly route: string;
  /** HTTP status of the refusal. */
  readonly status: number;
  readonly seconds: number;
}

/** Whoever wants to know what happened: metrics, logs, recorders. Every method is optional and must not throw. */
export interface Observer {
  requestStarted?(): void;
  requestEnded?(record: TraceRecord): void;
  requestRejected?(model: string, reason: string): void;
  /** A request was refused before it was traced; `requestRejected` is not called for it. */
  requestTurnedAway?(request: TurnedAway): void;
  queueAdded?(queue: QueueReading): void;
  /** @param depth items waiting before this one came */
  queueArrival?(model: string, depth: number): void;
  batchEnded?(batch: BatchRecord): void;
  /**
   * What one request, or an item that is nobody's, took of a model run; those of a run sum to its time.
   * @param tenant undefined for none
   * @param device such as `cpu` or `cuda:0`
   * @param deviceMs of the run's time
   * @param cpuMs of the CPU that the executor took in it; 0 where it was not measured
   */
  deviceUsed?(
    model: string,
    tenant: string | undefined,
    device: string,
    deviceMs: number,
    cpuMs: number,
  ): void;
  modelOpened?(reading: ModelReading): void;
  executorRestarted?(model: string): void;
  cacheAdded?(cache: CacheReading): void;
  cacheRequested?(cache: string, result: CacheResult, lookups: number): void;
  cacheWritten?(cache: string, result: 'ok' | 'error' | 'dropped', entries: number): void;
  /** @param reason `size` for one that made room, `expired` for one past its time */
  cacheEvicted?(cache: string, reason: 'size' | 'expired'): void;
  /**
   * A database has answered, or failed to.
   * @param system as `db.system.name` of the conventions, such as `redis`
   * @param operation as `db.operation.name`, such as `MGET`
   * @param errorType low-cardinality cause of a failure
   */
  databaseAsked?(system: string, operation: string, seconds: number, errorType?: string): void;
  modelLoaded?(load: ModelLoad): void;
  /** @param phases what it consists of; they sum to `seconds` */
  coldStart?(seconds: number, phases?: readonly PhaseSeconds[]): void;
  /** Where another process counts (`createMetricFile`), from its start until it has ended. */
  executorMetrics?(path: string, there: boolean): void;
}

/** One observer that tells all; a method that nobody has costs one empty call. */
export function fanOut(observers: readonly Observer[]): Required<Observer> {
  const tell = <A extends unknown[]>(
    pick: (observer: Observer) => ((...args: A) => void) | undefined,
  ): ((...args: A) => void) => {
    const methods = observers.flatMap((each) => pick(each)?.bind(each) ?? []);
    const [only] = methods;
    // Nearly always there is one: it is called as it is.
    if (only !== undefined && methods.length === 1) return only;
    return (...args) => {
      for (const method of methods) method(...args);
    };
  };
  return {
    requestStarted: tell((it) => it.requestStarted),
    requestEnded: tell((it) => it.requestEnded),
    requestRejected: tell((it) => it.requestRejected),
    requestTurnedAway: tell((it) => it.requestTurnedAway),
    queueAdded: tell((it) => it.queueAdded),
    queueArrival: tell((it) => it.queueArrival),
    batchEnded: tell((it) => it.batchEnded),
    deviceUsed: tell((it) => it.deviceUsed),
    modelOpened: tell((it) => it.modelOpened),
    executorRestarted: tell((it) => it.executorRestarted),
    cacheAdded: tell((it) => it.cacheAdded),
    cacheRequested: tell((it) => it.cacheRequested),
    cacheWritten: tell((it) => it.cacheWritten),
    cacheEvicted: tell((it) => it.cacheEvicted),
    databaseAsked: tell((it) => it.databaseAsked),
    modelLoaded: tell((it) => it.modelLoaded),
    coldStart: tell((it) => it.coldStart),
    executorMetrics: tell((it) => it.executorMetrics),
  };
}
