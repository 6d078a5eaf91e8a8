/** How work that others waited for has ended; failures of the work itself reject. */
export type Landing<T> =
  | { readonly value: T }
  /** The request that ran it was cancelled or refused, which says nothing about the work: whoever waits runs it. */
  | 'abandoned';

/** Work in progress that belongs to whoever claimed it. The first of the three ends it; what is called after does nothing. */
export interface Claim<T> {
  readonly landing: Promise<Landing<T>>;
  land(value: T): void;
  abandon(): void;
  fail(error: unknown): void;
}

/** Single-flight: of those who want the same, the first does the work and the others wait for it. */
export interface Flights<T> {
  /** Of work in progress. */
  find(key: string): Promise<Landing<T>> | undefined;
  /** Makes it the caller's work; nobody else's must be in progress. */
  claim(key: string): Claim<T>;
}

export function createFlights<T>(): Flights<T> {
  const inProgress = new Map<string, Promise<Landing<T>>>();
  return {
    find: (key) => inProgress.get(key),
    claim(key) {
      const { promise, resolve, reject } = Promise.withResolvers<Landing<T>>();
      // A failure is told to those who wait; where nobody does it must not count as unhandled.
      promise.catch(() => {});
      inProgress.set(key, promise);
      const over = (): void => {
        // By now it may be the work of somebody else.
        if (inProgress.get(key) === promise) inProgress.delete(key);
      };
      return {
        landing: promise,
        land(value) {
          over();
          resolve({ value });
        },
        abandon() {
          over();
          resolve('abandoned');
        },
        fail(error) {
          over();
          reject(error);
        },
      };
    },
  };
}
