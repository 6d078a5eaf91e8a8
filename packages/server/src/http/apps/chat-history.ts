import type { ChatMessage } from '@inferometer/engine';
import { problemOf } from '../problem.ts';

export interface FittedHistory {
  readonly messages: readonly ChatMessage[];
  /** Token ids. */
  readonly prompt: Int32Array;
}

/**
 * A conversation without the oldest turns that the model's context has no room for. The last message always stays: where
 * even that is too long, whoever counts the room says so.
 * @param messages the user's and the model's in turns, the user's last
 * @param encode their token ids; throws a refusal as too long where they are over the context
 * @param fits whether so many tokens leave room for the answer
 * @throws whatever `encode` throws of the last message alone
 */
export async function fitHistory(
  messages: readonly ChatMessage[],
  encode: (messages: readonly ChatMessage[]) => Promise<Int32Array>,
  fits: (tokens: number) => boolean,
): Promise<FittedHistory> {
  for (let kept = messages; ; kept = kept.slice(2)) {
    const isLast = kept.length <= 2;
    try {
      const prompt = await encode(kept);
      if (isLast || fits(prompt.length)) return { messages: kept, prompt };
    } catch (error) {
      if (isLast || problemOf(error).code !== 'input_too_long') throw error;
    }
    // A question goes with its answer: templates want them in turns.
  }
}
