import { type ChildProcess, fork } from 'node:child_process';
import type { FromReader, ReaderStart } from './process/messages.ts';
import type { GpuIdentity, GpuPoll } from './reading.ts';

/** GPUs, read at intervals by a process of its own. */
export interface GpuWatch {
  stop(): void;
}

/** A poll, and what it took. */
export interface GpuReport extends GpuPoll {
  readonly driverVersion: string | undefined;
  /** How long it took, s. */
  readonly seconds: number;
  /** CPU that the reading process has taken since the poll before, s. */
  readonly cpuSeconds: number;
}

/** Why readings have stopped. */
export interface GpuTrouble {
  /** `hang`, `crash`, or what the driver says: `driver_not_loaded`, … */
  readonly reason: string;
  readonly message: string;
  /** Whether there is just no GPU here, and never was one. */
  readonly isAbsent: boolean;
  /** When it is tried again, ms from now. */
  readonly retryMs: number;
}

export interface GpuWatchOptions {
  /** File or name of the library. */
  readonly library: string | undefined;
  readonly scope: 'own' | 'all';
  /** Time between two polls, ms. */
  readonly intervalMs: number;
  /** A driver that says nothing for so long hangs, ms; it has three times as long to be opened. */
  readonly timeoutMs: number;
  /** Environment of the reading process, which says what devices are visible. */
  readonly env: NodeJS.ProcessEnv;
  readonly polled: (report: GpuReport) => void;
  readonly trouble: (trouble: GpuTrouble) => void;
}

const mostRetryMs = 60_000;

/** What a machine without a GPU says. */
const absentReasons: ReadonlySet<string> = new Set(['library_not_found', 'driver_not_loaded', 'no_devices']);

/** Of a machine on which there may be no GPU at all. */
const idleRetryMs = 300_000;

/** A device that hung is left alone for so long, then twice as long, up to ten minutes, ms. */
const leftAloneMs = 60_000;
const mostLeftAloneMs = 600_000;

/**
 * Flags of the reading process: a tenth of what an application needs is enough, and it takes less memory and fewer
 * threads so.
 */
const nodeFlags = [
  '--max-old-space-size=64',
  '--max-semi-space-size=1',
  '--v8-pool-size=1',
  // What runs once a second is never hot, and is interpreted for long: an eighth less CPU a poll.
  '--always-sparkplug',
];

/**
 * Reads the GPUs at intervals, and starts anew, after ever longer pauses, when the driver hangs, crashes or is lost. After
 * a hang the reading process says which device it asks: one that hangs again is left alone for a while, and the others
 * are read.
 *
 * The driver is called in a process of its own. On a thread a call that never returns would hold up the end of the
 * service: both `process.exit()` and `worker.terminate()` wait for a thread that is in native code, and so does Node for
 * its pool when it ends. A process can be ended, and takes a crash of the driver's library with it. Nothing of it
 * keeps this process alive.
 */
export function watchGpus(options: GpuWatchOptions): GpuWatch {
  let failures = 0;
  /** How often each device hung, by its index. */
  const hangs = new Map<number, number>();
  let skipped: readonly GpuIdentity[] = [];
  let known: readonly GpuIdentity[] = [];
  let hasRead = false;
  let stopped = false;
  const pauses = new Set<NodeJS.Timeout>();
  let restart: (() => void) | undefined;
  let retry: NodeJS.Timeout | undefined;
  let child: ChildProcess | undefined;
  let watchdog: NodeJS.Timeout | undefined;

  const run = (): void => {
    let driverVersion: string | undefined;
    let isOver = false;
    let asked: number | undefined;
    const over = (reason: string, message: string): void => {
      if (isOver) return;
      isOver = true;
      clearTimeout(watchdog);
      made?.kill('SIGKILL');
      if (stopped) return;
      if (reason === 'hang' && asked !== undefined) leaveAlone(asked);
      const isAbsent = !hasRead && absentReasons.has(reason);
      const retryMs = isAbsent
        ? idleRetryMs
        : Math.min(options.intervalMs * 2 ** Math.min(failures++, 20), mostRetryMs);
      options.trouble({ reason, message, isAbsent, retryMs });
      retry = setTimeout(run, retryMs);
      retry.unref();
    };
    const wait = (limitMs: number): void => {
      clearTimeout(watchdog);
      watchdog = setTimeout(over, limitMs, 'hang', `the driver has not answered for ${limitMs} ms`);
      watchdog.unref();
    };
    const made = startReader(options, { skipped, tellsDevice: failures > 0 }, (error) =>
      over('crash', error),
    );
    child = made;
    if (made === undefined) return;
    restart = () => {
      // Else it is about to be started anew anyway.
      if (isOver) return;
      isOver = true;
      clearTimeout(watchdog);
      made.kill('SIGKILL');
      run();
    };
    wait(options.timeoutMs * 3);
    made.on('message', (message: FromReader) => {
      if (isOver || stopped) return;
      switch (message.type) {
        case 'opened':
          ({ driverVersion } = message);
          wait(options.timeoutMs);
          break;
        case 'asking':
          asked = message.index;
          break;
        case 'polled': {
          wait(options.intervalMs + options.timeoutMs);
          hasRead = true;
          asked = undefined;
          known = message.devices.map(identityOf);
          if (message.devices.some(({ state }) => state !== 'failed')) failures = 0;
          const { devices, failures: failed, tookMs, cpuSeconds } = message;
          options.polled({ devices, failures: failed, driverVersion, seconds: tookMs / 1000, cpuSeconds });
          break;
        }
        case 'unavailable':
          over(message.reason, message.message);
      }
    });
    made.on('exit', (exitCode, signal) =>
      over('crash', `the reading process ended with ${signal ?? exitCode}`),
    );
    made.on('error', (error) => over('crash', error.message));
  };

  /** The devices of an index are not asked for a while, if there are others to ask. */
  function leaveAlone(index: number): void {
    if (known.every((one) => one.index === index)) return;
    skipped = [...skipped, ...known.filter((one) => one.index === index)];
    const times = hangs.get(index) ?? 0;
    hangs.set(index, times + 1);
    const askAgain = (): void => {
      skipped = skipped.filter((one) => one.index !== index);
      // The present process has been told not to ask it.
      restart?.();
    };
    pauses.add(setTimeout(askAgain, Math.min(leftAloneMs * 2 ** times, mostLeftAloneMs)).unref());
  }

  run();
  return {
    stop() {
      stopped = true;
      clearTimeout(retry);
      clearTimeout(watchdog);
      for (const pause of pauses) clearTimeout(pause);
      child?.kill('SIGKILL');
    },
  };
}

/** @param failed told if the process cannot be started */
export function startReader(
  { library, scope, intervalMs, env }: Pick<GpuWatchOptions, 'library' | 'scope' | 'intervalMs' | 'env'>,
  { once = false, skipped = [], tellsDevice = false }: Partial<ReaderStart>,
  failed: (message: string) => void,
): ChildProcess | undefined {
  const start: ReaderStart = { library, scope, intervalMs, mainPid: process.pid, once, skipped, tellsDevice };
  const { NODE_OPTIONS: _, ...own } = env;
  try {
    const child = fork(new URL('./process/main.js', import.meta.url), [JSON.stringify(start)], {
      env: own,
      // The application's flags, such as --import, are not the reader's.
      execArgv: nodeFlags,
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    child.unref();
    child.channel?.unref();
    return child;
  } catch (error) {
    failed(error instanceof Error ? error.message : String(error));
    return undefined;
  }
}

function identityOf({ id, index, name, parentId }: GpuIdentity): GpuIdentity {
  return {
    id,
    index,
    ...(name === undefined ? {} : { name }),
    ...(parentId === undefined ? {} : { parentId }),
  };
}
