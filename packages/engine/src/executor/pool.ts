import { type InferometerError, messageOf, monoNow } from '@inferometer/core';
import { diag } from '@opentelemetry/api';
import type { ExecutorLoad } from '../load/phases.ts';
import { type Executor, startExecutor } from './handle.ts';
import { newMetricFile } from './metric-files.ts';
import type { EmbedRequest, ExecutorReply, GenerateRequest, LoadedReply, LoadRequest } from './protocol.ts';

/** Who wants to hear of one piece of work. */
export interface WorkEvents {
  readonly onReply: (reply: ExecutorReply) => void;
  /** The executor died; there will be no reply. */
  readonly onCrash: (cause: InferometerError) => void;
}

/** What an executor can be asked to do. */
export type Work = Omit<EmbedRequest, 'id'> | Omit<GenerateRequest, 'id'>;

/** A place in an executor, held until `done`. */
export interface Lease {
  /** Number of the executor, from 0. */
  readonly executor: number;
  /** @returns the work's number, to cancel it by */
  send(work: Work, events: WorkEvents): number;
  cancel(id: number): void;
  /** Gives the place back; also done by a crash. */
  done(): void;
}

/** The executors of one model, restarted when they die. */
export interface ExecutorPool {
  readonly model: LoadedReply;
  readonly size: number;
  /** Places in use, of all executors. */
  readonly busy: number;
  /** A free place in the executor that has least to do; undefined when there is none. */
  acquire(): Lease | undefined;
  close(): Promise<void>;
}

export interface ExecutorPoolOptions {
  /** Processes, integer >= 1. */
  readonly size: number;
  /** Pieces of work that one may hold at a time, integer >= 1, once the model is known. */
  readonly places: (model: LoadedReply) => number;
  /** Of the model, for metrics. */
  readonly name: string;
  readonly load: Omit<LoadRequest, 'metrics'>;
  /** A place came free, or an executor came back. */
  readonly onFree: () => void;
  readonly onRestart: () => void;
  /** Where an executor's metrics are, from its start until it has ended. */
  readonly onMetrics: (path: string, there: boolean) => void;
  /** Each load of the model. */
  readonly onLoaded: (load: ExecutorLoad) => void;
}

interface Member {
  readonly index: number;
  executor: Executor | undefined;
  busy: number;
  readonly work: Map<number, WorkEvents>;
  /** Crashes in a row, for the backoff. */
  crashes: number;
}

const backoffMs = { first: 100, longest: 10_000 };

/**
 * Starts all executors.
 * @throws {InferometerError} INVALID_MODEL or EXECUTOR_CRASHED if the first of them cannot be started
 */
export async function createExecutorPool(options: ExecutorPoolOptions): Promise<ExecutorPool> {
  const members: Member[] = Array.from({ length: options.size }, (_, index) => ({
    index,
    executor: undefined,
    busy: 0,
    work: new Map(),
    crashes: 0,
  }));
  let nextId = 1;
  let closed = false;
  const timers = new Set<NodeJS.Timeout>();

  const start = async (member: Member): Promise<LoadedReply> => {
    const begun = monoNow();
    const path = newMetricFile();
    const metrics = path && { path, model: options.name, executor: member.index };
    const load = { ...options.load, ...(metrics ? { metrics } : {}) };
    const { executor, model } = await startExecutor(load, {
      onReply: (reply) => {
        member.crashes = 0;
        if ('id' in reply && reply.id !== undefined) member.work.get(reply.id)?.onReply(reply);
      },
      onCrash(cause) {
        if (path) options.onMetrics(path, false);
        crashed(member, cause);
      },
    });
    if (path) options.onMetrics(path, true);
    if (closed) await executor.close();
    else member.executor = executor;
    options.onLoaded({ executor: member.index, begun, times: model.times });
    return model;
  };

  const crashed = (member: Member, cause: InferometerError): void => {
    member.executor = undefined;
    const lost = [...member.work.values()];
    member.work.clear();
    member.busy = 0;
    for (const work of lost) work.onCrash(cause);
    diag.error(`${cause.message}; ${lost.length} pieces of work were lost with it`);
    restart(member);
  };

  const restart = (member: Member): void => {
    if (closed) return;
    const wait = Math.min(backoffMs.first * 2 ** member.crashes++, backoffMs.longest);
    const timer = setTimeout(() => {
      timers.delete(timer);
      options.onRestart();
      start(member).then(options.onFree, (error: unknown) => {
        diag.error(`an executor could not be restarted: ${messageOf(error)}`);
        restart(member);
      });
    }, wait);
    timer.unref();
    timers.add(timer);
  };

  const closeAll = async (): Promise<void> => {
    closed = true;
    for (const timer of timers) clearTimeout(timer);
    await Promise.all(members.map((member) => member.executor?.close()));
  };

  let model: LoadedReply;
  try {
    const started = await Promise.allSettled(members.map(start));
    const failed = started.find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
    model = (started[0] as PromiseFulfilledResult<LoadedReply>).value;
  } catch (error) {
    await closeAll();
    throw error;
  }

  const places = options.places(model);
  return {
    model,
    size: options.size,
    get busy() {
      return members.reduce((sum, member) => sum + member.busy, 0);
    },
    acquire() {
      const free = members
        .filter((member) => member.executor !== undefined && member.busy < places)
        .sort((a, b) => a.busy - b.busy)[0];
      return free && lease(free);
    },
    close: closeAll,
  };

  function lease(member: Member): Lease {
    member.busy++;
    const { executor } = member;
    const ids: number[] = [];
    let held = true;
    return {
      executor: member.index,
      send(work, events) {
        const id = nextId++;
        ids.push(id);
        member.work.set(id, events);
        executor?.send({ ...work, id } as EmbedRequest | GenerateRequest);
        return id;
      },
      cancel: (id) => executor?.send({ type: 'cancel', id }),
      done() {
        if (!held) return;
        held = false;
        for (const id of ids) member.work.delete(id);
        // After a crash the places were all given back already, and may belong to the next process.
        if (member.executor === executor && member.busy > 0) member.busy--;
        options.onFree();
      },
    };
  }
}
