import { type MonoMs, monoNow } from '@inferometer/core';
import type { CallOptions } from '../call.ts';
import { priorityClass } from './fair-order.ts';
import type { QueueCall } from './queue.ts';

/** What a queue goes by, with the model's defaults. */
export function callOf(
  { deadline, priority = 'normal', tenant = '' }: Pick<CallOptions, 'deadline' | 'priority' | 'tenant'>,
  { defaultTimeoutMs }: { readonly defaultTimeoutMs: number },
): QueueCall {
  return {
    rank: priorityClass[priority],
    tenant,
    deadline: deadline ?? ((monoNow() + defaultTimeoutMs) as MonoMs),
  };
}
