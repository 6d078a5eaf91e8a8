import { InferometerError, messageOf, monoNow } from '@inferometer/core';
import { diag } from '@opentelemetry/api';
import type { ExecutorLoad } from '../load/phases.ts';
import { type Executor, type ExecutorPlace, startExecutor } from './handle.ts';
import { newMetricFile } from './metric-files.ts';
import type { ExecutorReply, ExecutorRequest, LoadedReply, LoadRequest } from './protocol.ts';

/** Who wants to hear of one piece of work. */
export interface WorkEvents {
  readonly onReply: (reply: ExecutorReply) => void;
  /** There will be no reply: the executor died, or was ended because the work took too long. */
  readonly onCrash: (cause: InferometerError) => void;
}

/** What a member tells its pool. */
export interface MemberEvents {
  /** A place came free, or its executor came back. */
  readonly onFree: () => void;
  readonly onRestart: () => void;
  /** Where its metrics are, from its executor's start until it has ended. */
  readonly onMetrics: (path: string, there: boolean) => void;
  /** Each load of the model. */
  readonly onLoaded: (load: ExecutorLoad) => void;
}

export interface MemberOptions {
  /** Number of the executor, from 0. */
  readonly index: number;
  /** Of the model, for metrics. */
  readonly name: string;
  readonly place: ExecutorPlace;
  readonly load: Omit<LoadRequest, 'metrics'>;
  /** Longest time without a word of an executor that has work, ms; infinite for no limit. */
  readonly hardTimeoutMs: number;
}

/** One place of a pool where an executor runs, and runs again when it has died. */
export interface Member {
  readonly index: number;
  /** Whether an executor is up. */
  readonly isUp: boolean;
  /** `failed` until it is tried again after a crash or a start that failed, `idle` before it is started and once closed. */
  readonly state: MemberState;
  /** Pieces of work in it. */
  readonly busy: number;
  /** Starts it. @throws {InferometerError} INVALID_MODEL or EXECUTOR_CRASHED */
  start(): Promise<LoadedReply>;
  take(): MemberLease | undefined;
  close(): Promise<void>;
}

export interface MemberLease {
  send(request: ExecutorRequest & { readonly id: number }, events: WorkEvents): void;
  cancel(id: number): void;
  /** Whether a generation waits for its reader. */
  rest(id: number, resting: boolean): void;
  done(): void;
}

export type MemberState = 'idle' | 'starting' | 'ready' | 'failed';

const backoffMs = { first: 100, longest: 10_000 };

export function createMember(options: MemberOptions, events: MemberEvents): Member {
  let executor: Executor | undefined;
  let busy = 0;
  /** Crashes in a row, for the backoff. */
  let crashes = 0;
  let closed = false;
  let state: MemberState = 'idle';
  let timer: NodeJS.Timeout | undefined;
  let metricsPath: string | undefined;
  const work = new Map<number, WorkEvents>();
  /** Work that waits for its reader: it is no fault of the executor's that nothing comes of it. */
  const resting = new Set<number>();
  let watch: NodeJS.Timeout | undefined;

  /** Called with each sign of life, and whenever there is more or less to do. */
  const watchRuns = (): void => {
    const isRunning = work.size > resting.size;
    if (!isRunning || !Number.isFinite(options.hardTimeoutMs)) {
      clearTimeout(watch);
      watch = undefined;
    } else if (watch) watch.refresh();
    else watch = setTimeout(overdue, options.hardTimeoutMs);
  };

  const start = async (): Promise<LoadedReply> => {
    state = 'starting';
    try {
      return await launch();
    } catch (error) {
      state = 'failed';
      throw error;
    }
  };

  const launch = async (): Promise<LoadedReply> => {
    const begun = monoNow();
    const path = newMetricFile();
    const metrics = path && { path, model: options.name, executor: options.index };
    const load = { ...options.load, ...(metrics ? { metrics } : {}) };
    const started = await startExecutor(load, options.place, {
      onReply(reply) {
        crashes = 0;
        if (reply.type === 'stepped') for (const { id } of reply.rows) work.get(id)?.onReply(reply);
        else if ('id' in reply && reply.id !== undefined) work.get(reply.id)?.onReply(reply);
        watchRuns();
      },
      onCrash: (cause) => lost(cause),
    });
    metricsPath = path;
    if (path) events.onMetrics(path, true);
    if (closed) await started.executor.close();
    else {
      executor = started.executor;
      state = 'ready';
    }
    events.onLoaded({ executor: options.index, begun, times: started.model.times });
    return started.model;
  };

  /** Its executor is gone: so is the work in it. */
  const lost = (cause: InferometerError): void => {
    executor = undefined;
    state = 'failed';
    if (metricsPath) events.onMetrics(metricsPath, false);
    const gone = [...work.values()];
    work.clear();
    resting.clear();
    watchRuns();
    busy = 0;
    diag.error(`${cause.message}; ${gone.length} pieces of work were lost with it`);
    restart();
    for (const each of gone) each.onCrash(cause);
  };

  const restart = (): void => {
    if (closed) return;
    const wait = Math.min(backoffMs.first * 2 ** crashes++, backoffMs.longest);
    timer = setTimeout(() => {
      events.onRestart();
      start().then(events.onFree, (error: unknown) => {
        diag.error(`an executor could not be restarted: ${messageOf(error)}`);
        restart();
      });
    }, wait);
    timer.unref();
  };

  /** A piece of work runs for too long: nothing but an end of its executor stops it. */
  const overdue = (): void => {
    watch = undefined;
    const running = executor;
    if (!running) return;
    const limit = `the hard limit of ${options.hardTimeoutMs} ms`;
    const how = running.kill() ? 'was ended' : 'is left to itself';
    lost(
      new InferometerError('RUN_TIMEOUT', `${running.name} ${how}: a run in it took longer than ${limit}`),
    );
  };

  return {
    index: options.index,
    get isUp() {
      return executor !== undefined;
    },
    get state() {
      return state;
    },
    get busy() {
      return busy;
    },
    start,
    take() {
      const mine = executor;
      if (mine === undefined) return undefined;
      busy++;
      const ids: number[] = [];
      let held = true;
      return {
        send(request, workEvents) {
          ids.push(request.id);
          // It may have died since it was taken: then there will be no reply.
          if (mine !== executor) {
            const cause = new InferometerError('EXECUTOR_CRASHED', `${mine.name} is gone`);
            queueMicrotask(() => workEvents.onCrash(cause));
            return;
          }
          work.set(request.id, workEvents);
          watchRuns();
          mine.send(request);
        },
        cancel: (id) => mine.send({ type: 'cancel', id }),
        rest(id, isResting) {
          mine.send({ type: 'rest', id, resting: isResting });
          if (!work.has(id)) return;
          if (isResting) resting.add(id);
          else resting.delete(id);
          watchRuns();
        },
        done() {
          if (!held) return;
          held = false;
          for (const id of ids) {
            work.delete(id);
            resting.delete(id);
          }
          if (mine === executor) watchRuns();
          // After a crash the places were all given back already, and may belong to the next executor.
          if (mine === executor && busy > 0) busy--;
          events.onFree();
        },
      };
    },
    async close() {
      closed = true;
      state = 'idle';
      clearTimeout(timer);
      clearTimeout(watch);
      await executor?.close();
    },
  };
}
