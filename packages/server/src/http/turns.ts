/** Leave to use the main thread for a while. */
export interface Slice {
  /** Whether its time is up: whoever has more to do asks for another. */
  readonly isOver: boolean;
}

/** Shares the main thread between requests that compute on it: each works in slices, one after the other. */
export interface Turns {
  /**
   * A slice: at once if nobody has had one in this round of the event loop, else in a later round, in the order of
   * asking. So the work of many requests that come at the same time never adds up to one long block.
   */
  next(): Slice | Promise<Slice>;
}

/**
 * @param sliceMs length of a slice, ms, > 0
 * @param now monotonic clock, ms
 */
export function createTurns(sliceMs = 1, now: () => number = () => performance.now()): Turns {
  const waiting: ((slice: Slice) => void)[] = [];
  let taken = false;
  const slice = (): Slice => {
    const end = now() + sliceMs;
    return {
      get isOver() {
        return now() >= end;
      },
    };
  };
  const nextRound = (): void => {
    const grant = waiting.shift();
    if (grant) {
      setImmediate(nextRound);
      grant(slice());
    } else taken = false;
  };
  return {
    next() {
      if (taken) return new Promise((resolve) => waiting.push(resolve));
      taken = true;
      setImmediate(nextRound);
      return slice();
    },
  };
}
