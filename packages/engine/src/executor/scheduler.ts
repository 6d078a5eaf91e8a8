import { messageOf } from '@inferometer/core';
import type { Decoder, Decoding } from './decode.ts';
import type { ExecutorReply, FinishReason, GenerateRequest } from './protocol.ts';

interface Running {
  readonly id: number;
  readonly decoding: Decoding;
  readonly maxTokens: number;
  tokens: number;
}

/** Runs generations side by side, a step of each in turn, so that none waits for another's end. */
export interface GenerationScheduler {
  start(request: GenerateRequest): void;
  /** Ends a generation within one step. */
  cancel(id: number): void;
}

/**
 * @param reply where tokens go as they come
 */
export function createScheduler(
  decoder: Decoder,
  eosTokenIds: readonly number[],
  reply: (message: ExecutorReply) => void,
): GenerationScheduler {
  const running: Running[] = [];
  const cancelled = new Set<number>();
  let looping = false;

  const loop = async (): Promise<void> => {
    looping = true;
    while (running.length > 0) {
      const generation = running.shift() as Running;
      if (cancelled.delete(generation.id))
        reply({ type: 'generated', id: generation.id, reason: 'cancelled' });
      else if (await advance(generation)) running.push(generation);
      // Lets new generations and cancellations in between two steps.
      await new Promise((resolve) => setImmediate(resolve));
    }
    looping = false;
  };

  /** @returns whether it goes on */
  const advance = async (generation: Running): Promise<boolean> => {
    const { id } = generation;
    const finish = (reason: FinishReason): false => {
      reply({ type: 'generated', id, reason });
      return false;
    };
    try {
      const { token, ...times } = await generation.decoding.step();
      if (eosTokenIds.includes(token)) {
        reply({ type: 'generated', id, reason: 'stop', times });
        return false;
      }
      reply({ type: 'token', id, token, times });
      return ++generation.tokens < generation.maxTokens || finish('length');
    } catch (error) {
      reply({ type: 'failed', id, message: messageOf(error) });
      return false;
    }
  };

  return {
    start(request) {
      running.push({
        id: request.id,
        decoding: decoder.start(request),
        maxTokens: request.sampling.maxTokens,
        tokens: 0,
      });
      if (!looping) void loop();
    },
    cancel(id) {
      if (running.some((generation) => generation.id === id)) cancelled.add(id);
    },
  };
}
