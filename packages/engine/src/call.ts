import type { MonoMs, RequestTrace } from '@inferometer/core';

/** How urgent a call is: all of a class leave before those of the next, unless these have waited too long. */
export type Priority = 'high' | 'normal' | 'low';

/** What a caller says of one call of a model. */
export interface CallOptions {
  /** Gets the phases of its items. */
  readonly trace?: RequestTrace | undefined;
  /** Aborted when nobody waits any more: what still queues is dropped. */
  readonly signal?: AbortSignal | undefined;
  /** When the answer is worth nothing any more, on the clock of `monoNow`. @default the model's `defaultTimeoutMs` */
  readonly deadline?: MonoMs | undefined;
  /** @default normal */
  readonly priority?: Priority | undefined;
  /** Whose work it is: tenants share a queue fairly. @default all the same one */
  readonly tenant?: string | undefined;
}
