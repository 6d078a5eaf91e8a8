import { type ExecutorStates, messageOf } from '@inferometer/core';
import { diag } from '@opentelemetry/api';
import type { ExecutorKind } from '../options.ts';
import { createMember, type Member, type MemberEvents, type MemberState, type WorkEvents } from './member.ts';
import type {
  EmbedRequest,
  ExecutorRequest,
  GenerateRequest,
  InferRequest,
  LoadedReply,
  LoadRequest,
  PipelineRequest,
} from './protocol.ts';

/** What an executor can be asked to do. */
export type Work =
  | Omit<EmbedRequest, 'id'>
  | Omit<GenerateRequest, 'id'>
  | Omit<InferRequest, 'id'>
  | Omit<PipelineRequest, 'id'>;

/** A place in an executor, held until `done`. */
export interface Lease {
  /** Number of the executor, from 0. */
  readonly executor: number;
  /** Whether it is the one with all the threads. */
  readonly isSolo: boolean;
  /** @returns the work's number, to cancel it by */
  send(work: Work, events: WorkEvents): number;
  cancel(id: number): void;
  /** Lets a generation rest while its reader does not keep up, or go on again. */
  rest(id: number, resting: boolean): void;
  /** Gives the place back; also done by a crash. */
  done(): void;
}

/** The executors of one model, restarted when they die. */
export interface ExecutorPool {
  readonly model: LoadedReply;
  /** Executors that run side by side. */
  readonly size: number;
  /** Of those, how many are up. */
  readonly up: number;
  /** Places in use, of all executors. */
  readonly busy: number;
  /** How its executors are; the one for what is alone counts once it has been started. */
  readonly states: ExecutorStates;
  /** Pieces of work that each executor may hold at a time. */
  readonly places: number;
  /** Whether a place is free. */
  readonly hasFree: boolean;
  /** Whether the executor for what is alone is up and nothing runs. */
  readonly canRunSolo: boolean;
  /**
   * A free place in the executor that has least to do; undefined when there is none.
   * @param solo whether the executor for what is alone shall run it, if it can
   */
  acquire(solo?: boolean): Lease | undefined;
  /** Starts the executor for what is alone, if there is to be one; until it is up it is done without. */
  startSolo(): Promise<void>;
  close(): Promise<void>;
}

export interface ExecutorPoolOptions extends MemberEvents {
  /** Executors, integer >= 1. */
  readonly size: number;
  readonly kind: ExecutorKind;
  /** Processors to pin them to; empty for none. */
  readonly cpus: readonly number[];
  /** Threads of one more executor that runs what is alone; 0 for none. */
  readonly soloThreads: number;
  /** Pieces of work that one may hold at a time, integer >= 1, once the model is known. */
  readonly places: (model: LoadedReply) => number;
  /** Of the model, for metrics. */
  readonly name: string;
  readonly load: Omit<LoadRequest, 'metrics' | 'device'>;
  /** Devices to share the executors out among, in order. */
  readonly devices: readonly [string, ...string[]];
  /** Longest time without a word of an executor that has work, ms; infinite for no limit. */
  readonly hardTimeoutMs: number;
}

/**
 * Starts all executors.
 * @throws {InferometerError} INVALID_MODEL or EXECUTOR_CRASHED if the first of them cannot be started
 */
export async function createExecutorPool(options: ExecutorPoolOptions): Promise<ExecutorPool> {
  const { name, kind, size, load, devices, hardTimeoutMs } = options;
  const memberOf = (index: number, cpus: readonly number[], threads: number): Member =>
    createMember(
      {
        index,
        name,
        place: { kind, ...(cpus.length > 0 ? { cpus } : {}) },
        load: { ...load, threads, device: devices[index % devices.length] ?? devices[0] },
        hardTimeoutMs,
      },
      options,
    );
  const members = Array.from({ length: size }, (_, index) =>
    memberOf(index, cpusOf(options.cpus, index, size), load.threads),
  );
  const solo = options.soloThreads > 0 ? memberOf(size, options.cpus, options.soloThreads) : undefined;
  let nextId = 1;

  const closeAll = async (): Promise<void> => {
    await Promise.all([...members, ...(solo ? [solo] : [])].map((member) => member.close()));
  };
  let model: LoadedReply;
  try {
    const started = await Promise.allSettled(members.map((member) => member.start()));
    const failed = started.find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
    model = (started[0] as PromiseFulfilledResult<LoadedReply>).value;
  } catch (error) {
    await closeAll();
    throw error;
  }
  const places = options.places(model);
  const busy = (): number => members.reduce((sum, member) => sum + member.busy, solo?.busy ?? 0);

  const lease = (member: Member): Lease | undefined => {
    const taken = member.take();
    return (
      taken && {
        executor: member.index,
        isSolo: member === solo,
        send(work, events) {
          const id = nextId++;
          taken.send({ ...work, id } as ExecutorRequest & { id: number }, events);
          return id;
        },
        cancel: taken.cancel,
        rest: taken.rest,
        done: taken.done,
      }
    );
  };
  const canRunSolo = (): boolean => solo?.isUp === true && busy() === 0;

  return {
    model,
    size,
    get up() {
      return members.reduce((sum, member) => sum + (member.isUp ? 1 : 0), 0);
    },
    get busy() {
      return busy();
    },
    places,
    get states() {
      const all = solo ? [...members, solo] : members;
      const count = (state: MemberState): number => all.filter((member) => member.state === state).length;
      return { ready: count('ready'), starting: count('starting'), failed: count('failed') };
    },
    get hasFree() {
      return busy() < size * places && members.some((member) => member.isUp && member.busy < places);
    },
    get canRunSolo() {
      return canRunSolo();
    },
    acquire(wantsSolo = false) {
      if (wantsSolo && solo && canRunSolo()) return lease(solo);
      // While the solo executor has all cores, one of the others stays free.
      if (busy() >= size * places) return undefined;
      let least: Member | undefined;
      for (const member of members) {
        if (!member.isUp || member.busy >= places) continue;
        if (least === undefined || member.busy < least.busy) least = member;
      }
      return least && lease(least);
    },
    async startSolo() {
      try {
        await solo?.start();
      } catch (error) {
        diag.warn(`${name} goes without an executor for what is alone: ${messageOf(error)}`);
      }
    },
    close: closeAll,
  };
}

/** An executor's part of the processors; where there are fewer of them than executors, all have all. */
function cpusOf(cpus: readonly number[], index: number, size: number): readonly number[] {
  if (cpus.length < size) return cpus;
  const each = cpus.length / size;
  return cpus.slice(Math.round(index * each), Math.round((index + 1) * each));
}
