import type { Candidate } from './policy.ts';

/** What is queued: a candidate with its place. */
export interface Placed extends Candidate {
  /** Class of its priority, 0 first. */
  readonly rank: number;
  /** Place within its class, smaller first. */
  readonly place: number;
}

/** Items in the order in which they leave, with the sums that an estimate needs. */
export interface WaitingList<I extends Placed> {
  readonly length: number;
  /** Tokens of all, and their squares. */
  readonly tokens: number;
  readonly squares: number;
  /** First to leave first. */
  readonly items: readonly I[];
  /** @returns how many are before it */
  add(item: I): number;
  /** How many would be before an item of that rank and place. */
  before(rank: number, place: number): number;
  /** Puts items at the front, whatever their places. */
  addFirst(items: readonly I[]): void;
  /** Takes out what the test picks. @returns it, in order */
  takeOut(picked: (item: I, index: number) => boolean): I[];
  /** Brings to the front what has been passed over: the longest waiting item, if it came before `since`. */
  promote(since: number): void;
}

export function createWaitingList<I extends Placed>(): WaitingList<I> {
  let items: I[] = [];
  let tokens = 0;
  let squares = 0;
  /** Whether all have been added at the end: nothing can have been passed over. */
  let inOrder = true;
  const count = (item: I, sign: 1 | -1): void => {
    tokens += sign * item.tokens;
    squares += sign * item.tokens * item.tokens;
  };
  const before = (rank: number, place: number): number => {
    let low = 0;
    let high = items.length;
    // Mostly it goes to the end.
    const last = items.at(-1);
    if (last === undefined || last.rank < rank || (last.rank === rank && last.place <= place)) return high;
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = items[middle] as I;
      if (other.rank < rank || (other.rank === rank && other.place <= place)) low = middle + 1;
      else high = middle;
    }
    return low;
  };

  return {
    get length() {
      return items.length;
    },
    get tokens() {
      return tokens;
    },
    get squares() {
      return squares;
    },
    get items() {
      return items;
    },
    before,
    add(item) {
      const at = before(item.rank, item.place);
      count(item, 1);
      if (at === items.length) items.push(item);
      else {
        items.splice(at, 0, item);
        inOrder = false;
      }
      return at;
    },
    addFirst(added) {
      for (const item of added) count(item, 1);
      items = [...added, ...items];
    },
    takeOut(picked) {
      const taken: I[] = [];
      const rest: I[] = [];
      items.forEach((item, index) => {
        if (picked(item, index)) {
          taken.push(item);
          count(item, -1);
        } else rest.push(item);
      });
      items = rest;
      if (items.length === 0) inOrder = true;
      return taken;
    },
    promote(since) {
      if (inOrder) return;
      let oldest = 0;
      for (let i = 1; i < items.length; i++) {
        if ((items[i] as I).enqueued < (items[oldest] as I).enqueued) oldest = i;
      }
      const item = items[oldest];
      if (oldest === 0 || item === undefined || item.enqueued >= since) return;
      items.splice(oldest, 1);
      items.unshift(item);
    },
  };
}
