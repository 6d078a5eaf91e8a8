import type { Telemetry } from './telemetry.ts';
import type { BatchRecord } from './trace/record.ts';
import type { RequestTrace } from './trace/request-trace.ts';
import { shareOut } from './trace/share.ts';

/**
 * Tells telemetry of a batch that has run, and gives each of its requests its share of the run and the batch's span to
 * link to.
 * @param requests whose each item is; undefined for an item that is nobody's, whose share nobody gets
 * @param tokens of each item, >= 0; the run's time is shared out by them. @default equal shares
 * @returns the requests, each once
 */
export function noteBatch(
  telemetry: Telemetry,
  batch: BatchRecord,
  requests: readonly (RequestTrace | undefined)[],
  tokens?: readonly number[],
): readonly RequestTrace[] {
  const distinct = [...new Set(requests)].filter((request) => request !== undefined);
  const link = telemetry.batchEnded(batch, distinct);
  const shares = sharesOf(requests, batch, tokens);
  const { id, size, reason, paddingRatio } = batch;
  for (const request of distinct) {
    const deviceMsShare = shares.get(request) ?? 0;
    request.addBatch({ id, size, reason, paddingRatio, deviceMsShare, ...(link ? { link } : {}) });
  }
  return distinct;
}

/** Each request's share, ms, whole nanoseconds. */
function sharesOf(
  requests: readonly (RequestTrace | undefined)[],
  { runStart, runEnd }: BatchRecord,
  tokens: readonly number[] | undefined,
): Map<RequestTrace | undefined, number> {
  const weights = tokens?.some((count) => count > 0) ? tokens : requests.map(() => 1);
  const ns = new Map<RequestTrace | undefined, number>();
  shareOut(runEnd - runStart, weights).forEach((share, item) => {
    const request = requests[item];
    ns.set(request, (ns.get(request) ?? 0) + Math.round(share * 1e6));
  });
  return new Map([...ns].map(([request, sum]) => [request, sum / 1e6]));
}
