/** What is to be flushed at the end. */
export interface Flushable {
  /** Sends what is there; resolves after the limit at the latest. */
  flush(limitMs: number): Promise<void>;
  /** The same, blocking: for the end of the process. */
  flushSync(limitMs: number): void;
}

/** The part of `process` that ends. */
export interface EndingProcess {
  readonly pid: number;
  on(event: string, listener: (...args: unknown[]) => void): unknown;
  once(event: string, listener: (...args: unknown[]) => void): unknown;
  off(event: string, listener: (...args: unknown[]) => void): unknown;
  listenerCount(event: string): number;
  kill(pid: number, signal: NodeJS.Signals): unknown;
}

const signals = ['SIGTERM', 'SIGINT'] as const;

/**
 * Flushes when the process ends, and leaves how it ends to the application: its exit code and the signal that ended
 * it stay as they are, and a signal ends it no later than the limit.
 * - An application that listens to a signal decides alone; what it leaves is flushed when it exits.
 * - A signal that nobody listens to ends the process after the flush, a second one at once.
 * - As process 1, which such signals do not end, it is flushed and goes on.
 * @param limitMs longest flush, ms, >= 0
 * @returns takes all listeners away again
 */
export function flushAtEnd(target: Flushable, limitMs: number, process: EndingProcess): () => void {
  let leftMs = limitMs;
  const stop = signals.map((signal) => flushAtSignal(signal, () => flush(target, limitMs), process));
  const beforeExit = (): void => {
    const startedMs = performance.now();
    void flush(target, limitMs).then(() => {
      leftMs = Math.max(0, limitMs - (performance.now() - startedMs));
    });
  };
  const exit = (): void => target.flushSync(leftMs);
  // Once: the flush itself is work, after which the event comes again.
  process.once('beforeExit', beforeExit);
  process.on('exit', exit);
  return () => {
    for (const one of stop) one();
    process.off('beforeExit', beforeExit);
    process.off('exit', exit);
  };
}

/** Resolves when it is done, has failed or the limit is over; keeps the process alive until then. */
async function flush(target: Flushable, limitMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, limitMs);
  });
  await Promise.race([target.flush(limitMs).catch(() => {}), limit]);
  clearTimeout(timer);
}

function flushAtSignal(
  signal: NodeJS.Signals,
  flushAll: () => Promise<void>,
  process: EndingProcess,
): () => void {
  let isEnding = false;

  const end = (): void => {
    stop();
    process.kill(process.pid, signal);
  };
  const listener = (): void => {
    if (isEnding) {
      end();
      return;
    }
    isEnding = process.pid !== 1;
    void flushAll().then(() => {
      if (isEnding) end();
    });
  };
  // Present only while nobody else listens. Others count the listeners to know whether they have to end the process
  // (signal-exit does): each would leave it to the other, and it would never end.
  const added = (event: unknown, other: unknown): void => {
    if (event !== signal || other === listener) return;
    // Later: the event comes before the other is there, and without any listener Node would stop to watch the signal.
    queueMicrotask(() => {
      if (!isEnding && process.listenerCount(signal) > 1) process.off(signal, listener);
    });
  };
  const removed = (event: unknown, other: unknown): void => {
    if (event !== signal || other === listener || process.listenerCount(signal) > 0) return;
    process.on(signal, listener);
  };
  const stop = (): void => {
    isEnding = false;
    process.off('newListener', added);
    process.off('removeListener', removed);
    process.off(signal, listener);
  };
  if (process.listenerCount(signal) === 0) process.on(signal, listener);
  process.on('newListener', added);
  process.on('removeListener', removed);
  return stop;
}
