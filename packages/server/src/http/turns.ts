/** Leave to use the main thread for a while. */
export interface Slice {
  /** Whether its time is up: whoever has more to do asks for another. */
  readonly isOver: boolean;
}

/** Shares the main thread between requests that compute on it: each works in slices, one after the other. */
export interface Turns {
  /**
   * A slice: at once while this round of the event loop has time left and nobody waits, else as soon as one has, in the
   * order of asking. So the work of many requests that come at the same time never adds up to one long block, and short
   * pieces of work need no round each.
   */
  next(): Slice | Promise<Slice>;
}

/**
 * @param roundMs time for slices in one round of the event loop, ms, > 0; the last of them may take longer
 * @param now monotonic clock, ms
 */
export function createTurns(roundMs = 1, now: () => number = () => performance.now()): Turns {
  const waiting: ((slice: Slice) => void)[] = [];
  /** When the present round's time is over; undefined where none has begun. */
  let roundEnd: number | undefined;

  const begin = (): number => {
    setImmediate(nextRound);
    roundEnd = now() + roundMs;
    return roundEnd;
  };
  const sliceUntil = (end: number): Slice => ({
    get isOver() {
      return now() >= end;
    },
  });
  const grantOne = (): void => {
    if (waiting.length === 0 || roundEnd === undefined || now() >= roundEnd) return;
    waiting.shift()?.(sliceUntil(roundEnd));
    // A tick that a microtask asks for comes after all other microtasks: whoever has the slice is done with it by then.
    queueMicrotask(() => process.nextTick(grantOne));
  };
  function nextRound(): void {
    if (waiting.length === 0) {
      roundEnd = undefined;
      return;
    }
    begin();
    grantOne();
  }

  return {
    next() {
      const end = roundEnd ?? begin();
      if (waiting.length === 0 && now() < end) return sliceUntil(end);
      return new Promise((resolve) => waiting.push(resolve));
    },
  };
}
