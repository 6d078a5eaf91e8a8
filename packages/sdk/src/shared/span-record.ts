/**
 * The words of a message in the span ring. A message is a sequence of items, each with its kind and its length in words
 * at the front:
 *
 * - `string`: id, bytes, UTF-8: from now on the id stands for the text
 * - `forget`: all ids are free again
 * - `request`: a request and its phases, fields as in `request`, then marks, entries, batches, attributes; no marks
 *   where entries say it all
 * - `batch`: a model run, fields as in `batch`, then the requests that it links to
 * - `extras`: JSON that others put on the spans of the request that follows
 *
 * A text is an id >= 0; -1 is none. Times since the epoch are two words: µs divided by 2^32, and the rest.
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
  startHigh: 11,
  startLow: 12,
  totalUs: 13,
  method: 14,
  route: 15,
  model: 16,
  tenant: 17,
  session: 18,
  errorType: 19,
  kept: 20,
  traceState: 21,
  ttftUs: 22,
  firstTokenUs: 23,
  lastTokenUs: 24,
  tokens: 25,
  iterations: 26,
  deviceMs: 27,
  skipped: 29,
  unattributedUs: 30,
  marks: 31,
  entries: 32,
  batches: 33,
  attributes: 34,
  words: 35,
} as const;

export const requestFlag = { parent: 1, remote: 2, generation: 4, mustKeep: 8 } as const;

/** A mark: time since the start, phase. */
export const markWords = 2;

/** A call of `phase()`. */
export const entry = {
  name: 0,
  /** Index of the entry that it was called in; -1 below the request. */
  parent: 1,
  startUs: 2,
  endUs: 3,
  count: 4,
  activeUs: 5,
  flags: 6,
  /** Its span's id, where somebody asked for it. */
  spanId: 7,
  /** The user's own span that it was called in. */
  belowId: 9,
  words: 11,
} as const;

export const entryFlag = { hasId: 1, failed: 2, below: 4 } as const;

/** A part in a batch. */
export const share = { id: 0, size: 1, deviceMs: 2, traceId: 4, spanId: 8, hasLink: 10, words: 11 } as const;

/** An attribute: key, type, value in two words. */
export const attributeWords = 4;
export const attributeType = { string: 0, number: 1, boolean: 2, json: 3 } as const;

/** Fields of a batch, after the head. */
export const batch = {
  traceId: 0,
  spanId: 4,
  startHigh: 6,
  startLow: 7,
  durationUs: 8,
  model: 9,
  executor: 10,
  id: 11,
  reason: 12,
  size: 13,
  tokens: 14,
  paddingRatio: 15,
  links: 17,
  words: 18,
} as const;

/** A link: trace id, span id. */
export const linkWords = 6;
