import { monoNow } from '@inferometer/core';
import type { EmbedCall, EmbeddingRuntime } from '../embedding-model.ts';
import type { CachedEmbed } from './cached-model.ts';
import { keyOfTokens } from './key.ts';
import { type CacheSummary, noteSummary } from './summary.ts';
import type { CacheMode, TieredCache } from './tiered-cache.ts';

/** How a call uses the cache. */
export interface CacheCall {
  /** @default 'use' */
  readonly cache?: CacheMode | undefined;
  /** Told how the cache answered. */
  readonly onCache?: ((summary: CacheSummary) => void) | undefined;
}

export interface CachedEmbedOptions {
  readonly embed: EmbeddingRuntime['embed'];
  readonly cache: TieredCache<Float32Array>;
  /** Of everything that the vectors depend on besides the tokens. */
  readonly fingerprint: string;
  readonly dimensions: number;
  /** Whether vectors are scaled to length 1 unless a call says otherwise. */
  readonly normalize: boolean;
  /** Time that a call without a deadline has, ms. */
  readonly defaultTimeoutMs: number;
}

/**
 * `embed` that runs only what is not in the cache. Its vectors are the caller's own, as without a cache.
 *
 * A request is in the phase queue while it waits for the same input of another request; the run and its device time are
 * that request's. If that one is cancelled or refused, this one runs the input itself.
 */
export function cachedEmbed(options: CachedEmbedOptions): CachedEmbed {
  const { embed, cache, fingerprint, dimensions } = options;
  const isValid = (vector: Float32Array): boolean => vector.length === dimensions;

  return async (texts, given = {}) => {
    const { cache: mode = 'use', onCache, ...call } = given;
    if (mode === 'off') return embed(texts, call);
    const { trace, signal, deadline = monoNow() + options.defaultTimeoutMs } = call;
    const normalize = call.normalize ?? options.normalize;
    const scope = `${fingerprint}:${normalize ? 'n' : 'r'}:`;
    const run = async (indices: readonly number[], of: EmbedCall): Promise<Float32Array[]> => {
      const vectors = await embed(
        indices.map((index) => texts[index] as (typeof texts)[number]),
        of,
      );
      // Rows of a batch are parts of one array: what is kept must not keep all of it.
      return vectors.map((vector) => vector.slice());
    };
    const { values, summary } = await cache.resolve(
      texts.map(({ ids }) => scope + keyOfTokens(ids)),
      {
        mode,
        signal,
        deadline,
        isValid,
        compute: (indices) => run(indices, { ...call, deadline }),
        // Nobody waits for it: it runs when nothing else does.
        refresh: (indices) => run(indices, { normalize, priority: 'low' }),
        onWait: () => trace?.enter('queue'),
      },
    );
    trace?.enter('postprocess');
    noteSummary(summary);
    onCache?.(summary);
    return values.map((vector) => vector.slice());
  };
}
