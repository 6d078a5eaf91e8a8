import type { ExecutorReply, ExecutorRequest } from './protocol.ts';

/** How an executor came to its end. */
export interface ChannelEnd {
  /** Such as `was killed by SIGKILL`. */
  readonly how: string;
}

export interface ChannelEvents {
  readonly onMessage: (reply: ExecutorReply) => void;
  /** It could not be started. */
  readonly onError: (error: Error) => void;
  readonly onEnd: (end: ChannelEnd) => void;
}

/** The way to an executor, be it a process or a thread. */
export interface Channel {
  /** Such as `the executor (pid 12)`. */
  readonly name: string;
  /** A send that fails is followed by the end, which fails the work. */
  send(request: ExecutorRequest): void;
  /** Ends it once it has nothing to do; after a second by force, as far as it can be. */
  close(): Promise<void>;
  /**
   * Ends it at once, whatever it does.
   * @returns false if that cannot be done: a thread that runs a model can only be left to itself
   */
  kill(): boolean;
}

export interface ChannelOptions {
  /** CPUs that it may run on; undefined for all. */
  readonly cpus?: readonly number[] | undefined;
}

/** The executor's program, for both kinds. */
export const entry: URL = new URL('./main.js', import.meta.url);

/** How long one that is asked to end may take, ms. */
export const closeLimitMs = 1000;

/**
 * Models compute for as long as they are let; the main thread needs the processor for moments, but at once. Measured on
 * two cores under full load: event-loop delay p99 7.3 ms at equal priority, 3.4 ms at this one, the same throughput.
 */
export const niceness = 10;
