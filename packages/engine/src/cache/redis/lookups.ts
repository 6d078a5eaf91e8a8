import { within } from './within.ts';

/** Lookups that are made at the same time, sent as one. */
export interface Lookups {
  /**
   * @param keys shape [n], n >= 1
   * @returns shape [n]; null for what is not there
   * @throws {Error} when Redis has failed or taken too long
   */
  get(keys: readonly string[]): Promise<readonly (Buffer | null)[]>;
}

export interface LookupsOptions {
  readonly mget: (keys: readonly string[]) => Promise<readonly (Buffer | null)[]>;
  /** Longest wait for an answer, ms. */
  readonly timeoutMs: number;
  readonly succeeded: () => void;
  readonly failed: (cause: unknown) => void;
}

interface Waiting {
  readonly from: number;
  readonly to: number;
  readonly resolve: (values: readonly (Buffer | null)[]) => void;
  readonly reject: (error: unknown) => void;
}

/** Keys of one command: more of them would hold up Redis' other clients, and a slow line would look like a dead one. */
const keysPerCommand = 128;

/**
 * All lookups of one turn of the event loop leave together, in one write. Not ioredis' own pipelining: that holds back
 * what comes while a pipeline is on its way, and makes a command of each key.
 */
export function createLookups({ mget, timeoutMs, succeeded, failed }: LookupsOptions): Lookups {
  let keys: string[] = [];
  let waiting: Waiting[] = [];

  const flush = async (): Promise<void> => {
    const lookups = waiting;
    const chunks = chunksOf(keys);
    waiting = [];
    keys = [];
    const values: (Buffer | null)[] = [];
    let next = 0;
    try {
      const replies = chunks.map((chunk) => mget(chunk));
      // Whichever is not waited for any more must not count as unhandled.
      for (const reply of replies) reply.catch(() => {});
      for (const reply of replies) {
        // Each has the whole time, from the answer before it on: many large values take long without anything being wrong.
        values.push(...(await within(reply, timeoutMs, 'a lookup in Redis')));
        for (; next < lookups.length; next++) {
          const { from, to, resolve } = lookups[next] as Waiting;
          if (to > values.length) break;
          resolve(values.slice(from, to));
        }
      }
      succeeded();
    } catch (error) {
      failed(error);
      for (const { reject } of lookups.slice(next)) reject(error);
    }
  };

  return {
    get(wanted) {
      return new Promise((resolve, reject) => {
        if (waiting.length === 0) setImmediate(flush);
        waiting.push({ from: keys.length, to: keys.length + wanted.length, resolve, reject });
        keys.push(...wanted);
      });
    },
  };
}

function chunksOf(keys: readonly string[]): string[][] {
  const chunks: string[][] = [];
  for (let at = 0; at < keys.length; at += keysPerCommand) chunks.push(keys.slice(at, at + keysPerCommand));
  return chunks;
}
