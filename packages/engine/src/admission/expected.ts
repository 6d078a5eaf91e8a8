/** Calls that were told they would be let in, and have not come yet: their bodies are being read. */
export interface ExpectedCalls {
  /** How many there are. */
  count(now: number): number;
  expect(now: number): void;
  /** One has come. */
  came(): void;
}

/** Who has not come by then does not: his request was wrong, or he has left, ms. */
const patienceMs = 25;

export function createExpectedCalls(): ExpectedCalls {
  /** When each was told, ascending from `first` on. */
  let told: number[] = [];
  let first = 0;
  const forget = (until: number): void => {
    while (first < told.length && (told[first] as number) < until) first++;
    if (first === told.length) {
      told = [];
      first = 0;
    }
  };
  return {
    count(now) {
      forget(now - patienceMs);
      return told.length - first;
    },
    expect: (now) => void told.push(now),
    came() {
      if (first < told.length) first++;
    },
  };
}
