import { InferometerError, type RequestTrace, type Telemetry } from '@inferometer/core';
import { type Refusal, refusalOf } from './admission/refusal.ts';
import { overloaded } from './batching/queue.ts';
import type { ExecutorPool, Lease } from './executor/pool.ts';
import type { ExecutorReply, FinishReason, Sampling, StepTimes } from './executor/protocol.ts';
import { createTextStream } from './generation/text-stream.ts';
import type { Tokenizer } from './model/tokenizer.ts';
import type { ModelOptions } from './options.ts';

export interface GenerateOptions {
  readonly sampling: Sampling;
  /** Strings that end the text and are not part of it. */
  readonly stop?: readonly string[];
  readonly trace?: RequestTrace;
  /** Aborted when nobody reads any more: the generation ends within one step. */
  readonly signal?: AbortSignal;
  /** Text as it comes. */
  readonly onText?: (text: string) => void;
}

export interface Generated {
  readonly text: string;
  readonly tokens: number;
  readonly reason: Exclude<FinishReason, 'cancelled'>;
}

/** The running part of a model that generates: its queue of requests and its executors. */
export interface GenerativeRuntime {
  /** Generations that wait for a place. */
  readonly depth: number;
  /**
   * Continues a prompt.
   * @param prompt token ids, shape [tokens], at least one
   * @throws {InferometerError} OVERLOADED, CANCELLED, EXECUTOR_CRASHED or RUN_FAILED
   */
  generate(prompt: Int32Array, options: GenerateOptions): Promise<Generated>;
  /** Whether another generation would be let in now, and why not. */
  refusal(): Refusal | undefined;
  /** Lets waiting generations start; called when a place comes free. */
  pump(): void;
}

export interface GenerativeRuntimeOptions {
  readonly name: string;
  readonly tokenizer: Tokenizer;
  readonly limits: Required<ModelOptions>;
  readonly telemetry: Telemetry;
  readonly pool: ExecutorPool;
}

interface Waiting {
  readonly start: (lease: Lease) => void;
}

export function createGenerativeRuntime(options: GenerativeRuntimeOptions): GenerativeRuntime {
  const { telemetry, limits, name } = options;
  let waiting: Waiting[] = [];
  const pump = (): void => {
    for (let next = waiting[0]; next; next = waiting[0]) {
      const lease = options.pool.acquire();
      if (!lease) return;
      waiting.shift();
      next.start(lease);
    }
  };
  telemetry.observer.queueAdded({ model: name, capacity: limits.maxQueue, depth: () => waiting.length });

  const refusal = (): Refusal | undefined =>
    refusalOf(
      1,
      { waiting: waiting.length, behind: 0, waitMs: 0, workMs: 0, budgetMs: Number.POSITIVE_INFINITY },
      { capacity: limits.maxQueue, maxQueueMs: limits.maxQueueMs },
    );

  return {
    refusal,
    get depth() {
      return waiting.length;
    },
    pump,
    generate(prompt, request) {
      const { trace, signal } = request;
      if (signal?.aborted) return Promise.reject(cancelled());
      const refused = refusal();
      if (refused) return Promise.reject(overloaded(refused));
      telemetry.observer.queueArrival(name, waiting.length);
      trace?.enter('queue');
      return new Promise((resolve, reject) => {
        const entry: Waiting = {
          start: (lease) => runGeneration(options, lease, prompt, request).then(resolve, reject),
        };
        const onAbort = (): void => {
          if (!waiting.includes(entry)) return;
          waiting = waiting.filter((other) => other !== entry);
          reject(cancelled());
        };
        signal?.addEventListener('abort', onAbort, { once: true });
        waiting.push(entry);
        pump();
      });
    },
  };
}

function cancelled(): InferometerError {
  return new InferometerError('CANCELLED', 'the generation was cancelled');
}

function runGeneration(
  options: GenerativeRuntimeOptions,
  lease: Lease,
  prompt: Int32Array,
  request: GenerateOptions,
): Promise<Generated> {
  const { trace, signal, sampling } = request;
  const stream = createTextStream(options.tokenizer.decode, request.stop ?? []);
  let text = '';
  let tokens = 0;
  const emit = (piece: string): void => {
    if (piece === '') return;
    text += piece;
    request.onText?.(piece);
  };
  /** Drawing the token follows the run; then the generation waits for its next turn in the executor. */
  const stepped = ({ runStart, runEnd, drawn }: StepTimes): void => {
    trace?.addDeviceTime(runEnd - runStart);
    trace?.enter('run', runStart);
    trace?.enter('postprocess', runEnd);
    trace?.enter('queue', drawn);
  };

  return new Promise((resolve, reject) => {
    let settled = false;
    const onAbort = (): void => {
      lease.cancel(id);
      finish(() => reject(cancelled()));
    };
    const finish = (settle: () => void): void => {
      if (settled) return;
      settled = true;
      signal?.removeEventListener('abort', onAbort);
      trace?.enter('stream');
      settle();
    };
    const end = (reason: Generated['reason']): void =>
      finish(() => {
        emit(stream.flush());
        resolve({ text, tokens, reason });
      });
    const onReply = (reply: ExecutorReply): void => {
      if (reply.type === 'token') {
        if (settled) return;
        tokens++;
        stepped(reply.times);
        trace?.generated(reply.times.drawn);
        const delta = stream.push(reply.token);
        emit(delta.text);
        if (delta.stopped) {
          lease.cancel(id);
          finish(() => resolve({ text, tokens, reason: 'stop' }));
        }
        return;
      }
      if (reply.type === 'generated') {
        if (reply.times && !settled) stepped(reply.times);
        if (reply.reason !== 'cancelled') end(reply.reason);
      } else if (reply.type === 'failed') {
        finish(() => reject(new InferometerError('RUN_FAILED', `the generation failed: ${reply.message}`)));
      }
      // Only now is the place free: a cancelled generation holds it until its step has ended.
      lease.done();
    };
    trace?.enter('batch');
    const id = lease.send(
      { type: 'generate', prompt, sampling },
      {
        onReply,
        onCrash: (cause) => {
          finish(() => reject(cause));
          lease.done();
        },
      },
    );
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
