/**
 * The words of a message in the span ring. A message is a sequence of items, each with its kind and its length in words
 * at the front:
 *
 * - `string`: id, bytes, UTF-8: from now on the id stands for the text
 * - `forget`: all ids are free again
 * - `request`: a request and its phases, fields as in `request`, then marks, entries, batches, attributes; no marks
 *   where entries say it all
 * - `batch`: a model run, fields as in `batch`, then the requests that it links to
 * - `extras`: what others put on the spans of the request that follows
 *
 * A text is an id >= 0; -1 is none. Times since the epoch are two words: µs divided by 2^32, and the rest. Times since
 * the start are two words as well: a request may take longer than the 36 minutes that one holds.
 */
export const item = { string: 1, forget: 2, request: 3, batch: 4, extras: 5 } as const;

/** Words at the front of an item: kind, length. */
export const itemHead = 2;

/** Fields of a request, after the head. */
export const request = {
  traceId: 0,
  spanId: 4,
  parentId: 6,
  flags: 8,
  kind: 9,
  status: 10,
  startUs: 11,
  totalUs: 13,
  method: 15,
  route: 16,
  model: 17,
  tenant: 18,
  session: 19,
  errorType: 20,
  kept: 21,
  traceState: 22,
  /** -1 for none. */
  ttftUs: 23,
  firstTokenUs: 25,
  lastTokenUs: 27,
  tokens: 29,
  iterations: 30,
  deviceMs: 31,
  skipped: 33,
  unattributedUs: 34,
  marks: 36,
  entries: 37,
  batches: 38,
  attributes: 39,
  operation: 40,
  device: 41,
  cpuMs: 42,
  words: 44,
} as const;

export const requestFlag = { parent: 1, remote: 2, generation: 4, mustKeep: 8 } as const;

/** A mark: time since the start, phase. */
export const mark = { atUs: 0, phase: 2, words: 3 } as const;

/** A call of `phase()`. */
export const entry = {
  name: 0,
  /** Index of the entry that it was called in; -1 below the request. */
  parent: 1,
  startUs: 2,
  endUs: 4,
  count: 6,
  activeUs: 7,
  flags: 9,
  /** Its span's id, where somebody asked for it. */
  spanId: 10,
  /** The user's own span that it was called in. */
  belowId: 12,
  words: 14,
} as const;

export const entryFlag = { hasId: 1, failed: 2, below: 4 } as const;

/** A part in a batch. */
export const share = { id: 0, size: 1, deviceMs: 2, traceId: 4, spanId: 8, hasLink: 10, words: 11 } as const;

/** An attribute: key, type, value in two words. */
export const attributeWords = 4;
export const attributeType = { string: 0, number: 1, boolean: 2, other: 3 } as const;

/** Fields of a batch, after the head. */
export const batch = {
  traceId: 0,
  spanId: 4,
  startUs: 6,
  durationUs: 8,
  model: 10,
  executor: 11,
  id: 12,
  reason: 13,
  size: 14,
  tokens: 15,
  paddingRatio: 16,
  device: 18,
  /** 1 if tail sampling behind us must keep it, as it must the request that it is sent with. */
  mustKeep: 19,
  links: 20,
  words: 21,
} as const;

/** A link: trace id, span id. */
export const linkWords = 6;
