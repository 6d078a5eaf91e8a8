/** A cached value and how long it is good for. Nobody writes into a value: all readers share it. */
export interface Entry<T> {
  readonly value: T;
  /** Wall clock, ms since the epoch: processes share entries. */
  readonly freshUntil: number;
  /** Until then it is served stale; after it, not at all. */
  readonly staleUntil: number;
}

export type Freshness = 'fresh' | 'stale' | 'expired';

export function freshnessOf(
  entry: Pick<Entry<unknown>, 'freshUntil' | 'staleUntil'>,
  now: number,
): Freshness {
  if (now < entry.freshUntil) return 'fresh';
  return now < entry.staleUntil ? 'stale' : 'expired';
}

/** How values of one kind are measured and put into bytes. */
export interface Codec<T> {
  /** Memory of a value, bytes. */
  bytesOf(value: T): number;
  encode(value: T): Uint8Array;
  /** @returns undefined for bytes that are no value of this kind */
  decode(bytes: Uint8Array): T | undefined;
}
