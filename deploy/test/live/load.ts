import { waitFor } from '@inferometer/testkit';
import { maxQueue } from './service.ts';

/** A request and the status that it has to end with. */
interface Case {
  readonly path: string;
  /** Sent as JSON, unless it is a string. */
  readonly body: unknown;
  readonly status: number;
}

const words = 'rain on the roof makes me want to stay in bed and read until the evening comes'.split(' ');

/** Every kind of request, good and bad. 16 good ones, 4 bad ones, of which one is refused for the queue's capacity. */
const cases: readonly Case[] = [
  // Lengths and sizes differ, so that batches fill up, wait and are padded.
  ...Array.from({ length: 8 }, (_, i) => ({
    path: '/embed',
    body: { inputs: Array.from({ length: 1 + (i % 4) * 3 }, () => words.slice(0, 1 + 2 * i).join(' ')) },
    status: 200,
  })),
  ...[1, 2].map((n) => ({
    path: '/v1/embeddings',
    body: { model: 'nickname-encoder', input: words.slice(n * 3).join(' ') },
    status: 200,
  })),
  { path: '/nicknames', body: { text: 'I could sleep all day' }, status: 200 },
  { path: '/nicknames', body: { text: '비가 와서 하루 종일 자고 싶어', language: 'ko' }, status: 200 },
  ...[8, 12, 16].map((maxTokens) => ({
    path: '/v1/completions',
    body: { prompt: 'Once upon a time', max_tokens: maxTokens, stream: true },
    status: 200,
  })),
  { path: '/v1/completions', body: { prompt: 'Once upon a time', max_tokens: 4 }, status: 200 },
  { path: '/embed', body: '{"inputs": ', status: 400 },
  { path: '/embed', body: { inputs: [] }, status: 400 },
  { path: '/v1/embeddings', body: { model: 'no-such-model', input: 'hello' }, status: 404 },
  { path: '/embed', body: { inputs: Array.from({ length: maxQueue + 1 }, () => 'a') }, status: 429 },
];

/** Requests of one `round`. */
export const requestsPerRound: number = cases.length;

/**
 * Sends every kind of request once, all side by side, and reads the answers to their end.
 * @throws {Error} if one ends with another status than it has to
 */
export async function round(url: string): Promise<void> {
  await Promise.all(
    cases.map(async ({ path, body, status }) => {
      const response = await fetch(`${url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      });
      const text = await response.text();
      if (response.status !== status)
        throw new Error(`POST ${path}: expected ${status}, got ${response.status} ${text.slice(0, 300)}`);
    }),
  );
}

/** Goes on with rounds, four a second at most, until a condition holds. @throws {Error} after a minute */
export async function loadFor(url: string, isEnough: () => Promise<boolean>): Promise<void> {
  const probe = async () => {
    await round(url);
    return isEnough();
  };
  await waitFor('the load to be enough', probe, { timeoutMs: 60_000, intervalMs: 250 });
}
