import { request } from 'node:http';
import { waitFor } from '@inferometer/testkit';
import { maxQueue } from './service.ts';

/** A request and the status that it has to end with. */
interface Case {
  readonly path: string;
  /** Sent as JSON, unless it is a string. */
  readonly body: unknown;
  readonly status: number;
  /** @default none is named */
  readonly tenant?: string;
  /** How long after the server has its headers the body is sent, ms: a request takes no less. @default at once */
  readonly bodyAfterMs?: number;
  /** Goes away once the answer has begun. */
  readonly isGivenUp?: boolean;
}

const words = 'rain on the roof makes me want to stay in bed and read until the evening comes'.split(' ');

/** The route and the length of the requests whose length is known, ms: they wait for their own body. */
export const knownLength = { route: '/apps/echo_text', ms: 400 } as const;

/** Every kind of request, good and bad: some are refused, one for the queue's capacity, and one is given up. */
function cases(turn: number): readonly Case[] {
  return [
    // Lengths and sizes differ, so that batches fill up, wait and are padded; and no text comes twice, as in a cache.
    ...Array.from({ length: 8 }, (_, i) => ({
      path: '/embed',
      body: {
        inputs: Array.from({ length: 1 + (i % 4) * 3 }, (__, j) =>
          [turn, j, ...words.slice(0, 1 + 2 * i)].join(' '),
        ),
      },
      status: 200,
      tenant: i % 2 === 0 ? 'blue' : 'green',
    })),
    // The same ones again.
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
    {
      path: '/v1/completions',
      body: { prompt: 'Once upon a time', max_tokens: 64, stream: true },
      status: 200,
      isGivenUp: true,
    },
    { path: knownLength.route, body: { text: 'late' }, status: 200, bodyAfterMs: knownLength.ms },
    { path: '/embed', body: '{"inputs": ', status: 400 },
    { path: '/embed', body: { inputs: [] }, status: 400 },
    { path: '/v1/embeddings', body: { model: 'no-such-model', input: 'hello' }, status: 404 },
    {
      path: '/embed',
      body: { inputs: Array.from({ length: maxQueue + 1 }, (_, i) => `${turn} ${i}`) },
      status: 429,
    },
  ];
}

/** Tokens that the generations of a round put out at most, without the one that is given up. */
export const tokensPerRound = 8 + 12 + 16 + 4;

/** Requests of one `round`. */
export const requestsPerRound: number = cases(0).length;

/**
 * Sends every kind of request once, all side by side, and reads the answers to their end.
 * @param turn another one has other texts
 * @throws {Error} if one ends with another status than it has to
 */
export async function round(url: string, turn = 0): Promise<void> {
  await Promise.all(cases(turn).map((each) => send(url, each)));
}

function send(url: string, { path, body, status, tenant, bodyAfterMs = 0, isGivenUp }: Case): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const headers = {
    'content-type': 'application/json',
    ...(bodyAfterMs > 0 ? { expect: '100-continue' } : {}),
    ...(tenant === undefined ? {} : { 'x-tenant-id': tenant }),
  };
  const sent = request(`${url}${path}`, { method: 'POST', headers, agent: false }, (response) => {
    const chunks: Buffer[] = [];
    response.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      if (isGivenUp) response.destroy();
    });
    response.on('close', () => {
      if (response.statusCode === status) resolve();
      else {
        const text = Buffer.concat(chunks).toString().slice(0, 300);
        reject(new Error(`POST ${path}: expected ${status}, got ${response.statusCode} ${text}`));
      }
    });
    // That it is cut short is what was asked for.
    response.on('error', (error) => (isGivenUp ? resolve() : reject(error)));
  });
  sent.on('error', reject);
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  if (bodyAfterMs === 0) sent.end(text);
  else {
    sent.on('continue', () => setTimeout(() => sent.end(text), bodyAfterMs));
    sent.flushHeaders();
  }
  return promise;
}

/**
 * Goes on with rounds, four a second at most, until a condition holds.
 * @returns how many rounds there were
 * @throws {Error} after two minutes
 */
export async function loadFor(url: string, isEnough: () => Promise<boolean>): Promise<number> {
  let turn = 0;
  const probe = async () => {
    // A load that never varies shows as a straight line, and so does one that is not measured.
    for (let n = 0; n <= turn % 3; n++) await round(url, ++turn);
    return isEnough();
  };
  await waitFor('the load to be enough', probe, { timeoutMs: 120_000, intervalMs: 250 });
  return turn;
}
