import { randomBytes } from 'node:crypto';
import { type BatchRecord, noteBatch } from '@inferometer/core';
import type { RunSpan } from '../executor/protocol.ts';
import type { LeavingBatch, TensorItem } from './tensor-item.ts';

/** Tells telemetry of a run, and shares its device time out to the requests in it by their rows. */
export function noteRun(
  { model, telemetry, lease, reason, dispatched, costs }: LeavingBatch,
  items: readonly TensorItem[],
  { runStart, runEnd, cpuMs, device }: RunSpan,
): void {
  const rows = items.map((item) => item.tokens);
  const total = rows.reduce((sum, count) => sum + count, 0);
  costs.observe(total, 1, runEnd - runStart);
  const record: BatchRecord = {
    id: randomBytes(6).toString('hex'),
    model,
    executor: lease.executor,
    reason,
    size: total,
    // Rows are all that a batch of tensors is measured in.
    tokens: total,
    paddingRatio: 0,
    dispatched,
    runStart,
    runEnd,
    device,
    cpuMs,
  };
  const owners = items.map((item) => item.trace);
  for (const trace of noteBatch(telemetry, record, owners, rows)) trace.addIterations(1);
}
