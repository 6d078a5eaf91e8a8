import type { ItemTimes, RequestTrace } from '@inferometer/core';
import type { QueueItem } from './queue.ts';

/** One input of a request, on its way to a batch. */
export interface WorkItem<P, R> extends QueueItem {
  readonly payload: P;
  readonly trace: RequestTrace | undefined;
  readonly deadline: number;
  /** Set once its executor has crashed: it runs again, apart, so that it can take nobody with it. */
  alone: boolean;
  readonly resolve: (result: R, times: ItemTimes) => void;
}
