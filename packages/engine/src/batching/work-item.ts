import type { ItemTimes, RequestTrace } from '@inferometer/core';
import type { Retryable } from './after-crash.ts';

/** One input of a request, on its way to a batch. */
export interface WorkItem<P, R> extends Retryable {
  readonly payload: P;
  readonly trace: RequestTrace | undefined;
  readonly deadline: number;
  readonly resolve: (result: R, times: ItemTimes) => void;
}
