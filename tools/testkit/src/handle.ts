import type { RunningProcess } from './process/start-process.ts';

/** What every started part has. `await using` stops it too. */
export interface Handle extends AsyncDisposable {
  readonly pid: number;
  /** What it has printed so far. */
  output(): string;
  /** Ends it and removes its folder. */
  stop(): Promise<void>;
}

/** The handle of a started part. `resources` holds the process and whatever else goes when it is stopped. */
export function handleOf(running: RunningProcess, resources: AsyncDisposableStack): Handle {
  let stopping: Promise<void> | undefined;
  const stop = () => {
    stopping ??= resources.disposeAsync();
    return stopping;
  };
  return { pid: running.pid, output: running.output, stop, [Symbol.asyncDispose]: stop };
}
