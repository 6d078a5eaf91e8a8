import { type GenerationReading, InferometerError, monoNow, type Telemetry } from '@inferometer/core';
import type { Refusal } from './admission/refusal.ts';
import { callOf } from './batching/call-of.ts';
import type { CallOptions } from './call.ts';
import type { ExecutorPool } from './executor/pool.ts';
import { checkSampling } from './generation/check-sampling.ts';
import { createPlaceQueue } from './generation/place-queue.ts';
import { type Generated, type GenerateOptions, runGeneration } from './generation/run-generation.ts';
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
   * @throws {InferometerError} INVALID_INPUT, INPUT_TOO_LONG, OVERLOADED, CANCELLED, DEADLINE_EXCEEDED, EXECUTOR_CRASHED or RUN_FAILED
   */
  generate(prompt: Int32Array, options: GenerateOptions): Promise<Generated>;
  /** Whether another generation would be let in now, and why not. */
  refusal(call: Pick<CallOptions, 'deadline' | 'priority' | 'tenant'>): Refusal | undefined;
  /** Its places and what their pasts hold, now. */
  reading(): GenerationReading;
  /** Lets waiting generations start; called when a place comes free. */
  pump(): void;
}

export interface GenerativeRuntimeOptions {
  readonly name: string;
  readonly tokenizer: Tokenizer;
  /** Tokens of prompt and text together, at most. */
  readonly maxTokens: number;
  readonly limits: Required<ModelOptions>;
  readonly telemetry: Telemetry;
  readonly pool: ExecutorPool;
}

export function createGenerativeRuntime(options: GenerativeRuntimeOptions): GenerativeRuntime {
  const { telemetry, limits, name, tokenizer, pool } = options;
  const notes = createStepNotes(telemetry, name);
  const places = createPlaceQueue({
    ...limits,
    capacity: limits.maxQueue,
    places: pool.size * limits.maxGenerations,
    acquire: () => pool.acquire(),
  });
  telemetry.observer.queueAdded({ model: name, capacity: limits.maxQueue, depth: () => places.depth });

  return {
    refusal: (call) => places.refusal(callOf(call, limits)),
    get depth() {
      return places.depth;
    },
    reading() {
      const up = pool.up * pool.places;
      const usedSlots = Math.min(pool.busy, up);
      const room = up * options.maxTokens;
      return {
        usedSlots,
        freeSlots: up - usedSlots,
        kvUtilization: room === 0 ? 0 : Math.min(1, notes.heldTokens / room),
      };
    },
    pump: places.pump,
    async generate(prompt, request) {
      const { trace, signal, sampling } = request;
      checkSampling(sampling, tokenizer.vocabularySize);
      if (prompt.length === 0) throw new InferometerError('INVALID_INPUT', 'the prompt has no tokens');
      if (prompt.length + sampling.maxTokens > options.maxTokens) {
        const message = `the model's context is ${options.maxTokens} tokens, the prompt has ${prompt.length} and maxTokens asks for ${sampling.maxTokens} more`;
        throw new InferometerError('INPUT_TOO_LONG', message, { field: 'maxTokens' });
      }
      const call = callOf(request, limits);
      telemetry.observer.queueArrival(name, places.depth);
      for (let isRetry = false; ; isRetry = true) {
        trace?.enter('queue');
        const lease = await places.wait(call, prompt.length + sampling.maxTokens, signal);
        const start = monoNow();
        try {
          return await runGeneration(tokenizer, notes, lease, prompt, {
            ...request,
            deadline: call.deadline,
          });
        } catch (error) {
          // Nobody has seen any of it yet: it is run again from the start, and a seed gives the same text.
          const isLost = error instanceof InferometerError && error.code === 'EXECUTOR_CRASHED';
          if (!isLost || isRetry || request.onText) throw error;
        } finally {
          places.held(monoNow() - start);
        }
      }
    },
  };
}
