import type { GpuIdentity, GpuPoll } from '../reading.ts';

/** What the reading process starts with, as its argument. */
export interface ReaderStart {
  readonly library: string | undefined;
  readonly scope: 'own' | 'all';
  /** Time between two polls, ms. */
  readonly intervalMs: number;
  /** The process whose devices they are. */
  readonly mainPid: number;
  /** Whether one poll is all that is wanted. */
  readonly once: boolean;
  /** Devices that hung: they are told of as failed and not asked. */
  readonly skipped: readonly GpuIdentity[];
  /** Whether to say which device is asked before it is: after a call that hung. */
  readonly tellsDevice: boolean;
}

export type FromReader =
  | { readonly type: 'opened'; readonly driverVersion: string | undefined }
  | ({
      readonly type: 'polled';
      /** How long it took, ms. */
      readonly tookMs: number;
      /** CPU that the reading process has taken since the poll before, s. */
      readonly cpuSeconds: number;
    } & GpuPoll)
  | { readonly type: 'asking'; readonly index: number }
  /** The last message: the process ends. */
  | { readonly type: 'unavailable'; readonly reason: string; readonly message: string };
