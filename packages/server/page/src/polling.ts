/** Work that is repeated while the page is visible, never twice at a time. */
export interface Polling {
  /** Does it now; if it is being done, once more afterwards. */
  refresh(): void;
}

/**
 * @param task must not throw
 * @param everyMs pause between the end of one and the start of the next
 */
export function startPolling(task: () => Promise<void>, everyMs: () => number): Polling {
  let isRunning = false;
  let isWanted = false;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const run = async (): Promise<void> => {
    if (isRunning) {
      isWanted = true;
      return;
    }
    clearTimeout(timer);
    isRunning = true;
    do {
      isWanted = false;
      await task();
    } while (isWanted);
    isRunning = false;
    if (!document.hidden) timer = setTimeout(run, everyMs());
  };

  document.addEventListener('visibilitychange', () => {
    if (document.hidden) clearTimeout(timer);
    else void run();
  });
  void run();
  return { refresh: () => void run() };
}
