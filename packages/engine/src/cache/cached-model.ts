import type { EmbedCall } from '../embedding-model.ts';
import type { Encoded } from '../model/tokenizer.ts';
import type { Model } from '../model.ts';
import { type CacheCall, cachedEmbed } from './cached-embed.ts';
import type { Caches } from './caches.ts';

/** What a model has of caches. */
export interface CachedModel {
  /** Of all that its results depend on besides their input; undefined where there are no caches. */
  readonly fingerprint?: string;
}

/** Embeds texts, with what is to be said about the cache. */
export type CachedEmbed = (
  texts: readonly Encoded[],
  call?: EmbedCall & CacheCall,
) => Promise<Float32Array[]>;

/** The same model, with its vectors cached. */
export function withCaches(model: Model, caches: Caches, fingerprint: string): Model {
  if (model.kind !== 'embedding') return Object.assign(model, { fingerprint });
  const { embed, dimensions, directory } = model;
  const { normalize } = directory.pooling;
  const { defaultTimeoutMs } = model.options;
  const cached = cachedEmbed({
    embed,
    cache: caches.vectors,
    fingerprint,
    dimensions,
    normalize,
    defaultTimeoutMs,
  });
  return Object.assign(model, { fingerprint, embed: cached });
}
