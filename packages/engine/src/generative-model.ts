import { InferometerError, type Telemetry } from '@inferometer/core';
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

  return {
    get depth() {
      return waiting.length;
    },
    pump,
    async generate(prompt, request) {
      const { trace, signal } = request;
      checkSampling(request.sampling, tokenizer.vocabularySize);
      if (prompt.length === 0) throw new InferometerError('INVALID_INPUT', 'the prompt has no tokens');
      if (signal?.aborted) throw cancelled();
      if (waiting.length >= limits.maxQueue) {
        const message = `the queue is full: ${waiting.length} of ${limits.maxQueue} generations wait`;
        throw new InferometerError('OVERLOADED', message);
      }
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
