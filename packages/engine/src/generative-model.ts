import { InferometerError, type Telemetry } from '@inferometer/core';
import { type Refusal, refusalOf } from './admission/refusal.ts';
import { overloaded } from './batching/queue.ts';
import type { ExecutorPool, Lease } from './executor/pool.ts';
import { checkSampling } from './generation/check-sampling.ts';
import {
  cancelled,
  type Generated,
  type GenerateOptions,
  runGeneration,
} from './generation/run-generation.ts';
import { createStepNotes } from './generation/step-notes.ts';
import type { Tokenizer } from './model/tokenizer.ts';
import type { ModelOptions } from './options.ts';

/** The running part of a model that generates: its queue of requests and its executors. */
export interface GenerativeRuntime {
  /** Generations that wait for a place. */
  readonly depth: number;
  /**
   * Continues a prompt.
   * @param prompt token ids, shape [tokens], at least one
   * @throws {InferometerError} INVALID_INPUT, OVERLOADED, CANCELLED, EXECUTOR_CRASHED or RUN_FAILED
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
  const { telemetry, limits, name, tokenizer } = options;
  const notes = createStepNotes(telemetry, name);
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
    async generate(prompt, request) {
      const { trace, signal } = request;
      checkSampling(request.sampling, tokenizer.vocabularySize);
      if (prompt.length === 0) throw new InferometerError('INVALID_INPUT', 'the prompt has no tokens');
      if (signal?.aborted) throw cancelled();
      const refused = refusal();
      if (refused) throw overloaded(refused);
      telemetry.observer.queueArrival(name, waiting.length);
      trace?.enter('queue');
      return new Promise((resolve, reject) => {
        const entry: Waiting = {
          start(lease) {
            signal?.removeEventListener('abort', onAbort);
            runGeneration(tokenizer, notes, lease, prompt, request).then(resolve, reject);
          },
        };
        const onAbort = (): void => {
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
