/**
 * What a promise comes to, unless it takes too long.
 * @param limitMs longest wait, ms, > 0
 * @throws {Error} when it took longer; what it comes to afterwards is left aside
 */
export function within<T>(promise: Promise<T>, limitMs: number, what: string): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const late = (): void => reject(new Error(`${what} took longer than ${limitMs} ms`));
    // After a long block of the event loop timers are run before sockets are read: an answer that lies there has come.
    const timer = setTimeout(() => setImmediate(late), limitMs);
    promise.then(
      (value) => {
        clearTimeout(timer);
        resolve(value);
      },
      (error: unknown) => {
        clearTimeout(timer);
        reject(error as Error);
      },
    );
  });
}
