export type BreakerState = 'closed' | 'half-open' | 'open';

/** Keeps calls from a service that does not answer: those who ask `isClosed` first wait for nothing. */
export interface Breaker extends Disposable {
  readonly state: BreakerState;
  readonly isClosed: boolean;
  succeeded(): void;
  /** Opens it when it is one too many in a row. */
  failed(cause: unknown): void;
  /** Opens it at once, such as when the connection is lost. */
  trip(cause: unknown): void;
}

export interface BreakerOptions {
  /** Failures in a row that open it, integer >= 1. @default 3 */
  readonly threshold?: number;
  /** Wait before the first probe, ms; it doubles as long as it does not stay closed. @default 100 */
  readonly firstWaitMs?: number;
  /** Longest wait between probes, ms. @default 2000 */
  readonly longestWaitMs?: number;
  /** Whether the service answers; rejects if it does not. */
  readonly probe: () => Promise<void>;
  readonly onOpen: (cause: unknown) => void;
  readonly onClosed: () => void;
}

/**
 * A breaker that opens by failures in a row and probes by itself.
 *
 * Not opossum, though it is quick enough (2.6 µs a call): it opens by a share of the failures of some seconds, so that a
 * service that hangs after a good while holds up hundreds of calls first; here it holds up those that are under way. And
 * its probe is a call of the application, which waits; here no request ever does.
 */
export function createBreaker(options: BreakerOptions): Breaker {
  const { threshold = 3, firstWaitMs = 100, longestWaitMs = 2000, probe, onOpen, onClosed } = options;
  let state: BreakerState = 'closed';
  let failures = 0;
  let waitMs = 0;
  let closedAt = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;
  let isDisposed = false;

  const waitThenProbe = (): void => {
    state = 'open';
    waitMs = Math.min(Math.max(firstWaitMs, waitMs * 2), longestWaitMs);
    timer = setTimeout(tryAgain, waitMs);
    timer.unref();
  };
  const tryAgain = (): void => {
    state = 'half-open';
    probe().then(
      () => {
        if (isDisposed || state !== 'half-open') return;
        state = 'closed';
        failures = 0;
        closedAt = performance.now();
        onClosed();
      },
      () => {
        if (!isDisposed && state === 'half-open') waitThenProbe();
      },
    );
  };
  const trip = (cause: unknown): void => {
    if (isDisposed || state !== 'closed') return;
    // One that opens again soon after it has closed waits longer: a service that is slow must not be probed all the time.
    if (performance.now() - closedAt > longestWaitMs) waitMs = 0;
    waitThenProbe();
    onOpen(cause);
  };

  return {
    get state() {
      return state;
    },
    get isClosed() {
      return state === 'closed';
    },
    succeeded() {
      failures = 0;
    },
    failed(cause) {
      if (++failures >= threshold) trip(cause);
    },
    trip,
    [Symbol.dispose]() {
      isDisposed = true;
      clearTimeout(timer);
    },
  };
}
