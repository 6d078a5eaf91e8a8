import type { Telemetry } from './telemetry.ts';
import { type BatchRecord, defaultDevice } from './trace/record.ts';
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
  const weights = tokens?.some((count) => count > 0) ? tokens : requests.map(() => 1);
  const deviceShares = sharesOf(requests, weights, batch.runEnd - batch.runStart);
  const cpuShares = batch.cpuMs ? sharesOf(requests, weights, batch.cpuMs) : undefined;
  const { id, size, reason, paddingRatio, model, device = defaultDevice } = batch;
  for (const [request, deviceMsShare] of deviceShares) {
    const cpuMsShare = cpuShares?.get(request) ?? 0;
    telemetry.observer.deviceUsed(model, request?.tenant, device, deviceMsShare, cpuMsShare);
    request?.addBatch({
      id,
      size,
      reason,
      paddingRatio,
      deviceMsShare,
      device,
      ...(cpuShares ? { cpuMsShare } : {}),
      ...(link ? { link } : {}),
    });
  }
  return distinct;
}

/** Each request's share, ms, whole nanoseconds; under undefined that of the items that are nobody's. */
function sharesOf(
  requests: readonly (RequestTrace | undefined)[],
  weights: readonly number[],
  wholeMs: number,
): Map<RequestTrace | undefined, number> {
  const ns = new Map<RequestTrace | undefined, number>();
  shareOut(wholeMs, weights).forEach((share, item) => {
    const request = requests[item];
    ns.set(request, (ns.get(request) ?? 0) + Math.round(share * 1e6));
  });
  for (const [request, sum] of ns) ns.set(request, sum / 1e6);
  return ns;
}
