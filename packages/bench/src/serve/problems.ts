import type { ServeReport } from './report.ts';

/** A request at the edge of a measurement is counted on one side only. */
const tolerance = 0.98;

/**
 * What makes the comparison void: telemetry that was not fully on, or was lost.
 * @returns one line for each
 */
export function lostServeTelemetry({ telemetry }: ServeReport): string[] {
  if (!telemetry) return [];
  const found: string[] = [];
  if (!(telemetry.roots_per_request >= tolerance))
    found.push(
      `traces at the sink a request: ${telemetry.roots_per_request.toFixed(2)}, expected at least 1`,
    );
  // One that has no phases tells nothing.
  if (!(telemetry.spans_per_request >= 5))
    found.push(`spans at the sink a request: ${telemetry.spans_per_request.toFixed(1)}, expected at least 5`);
  if (!(telemetry.scrapes >= 1)) found.push('/metrics was never scraped, expected once a second');
  return found;
}

/**
 * Ratios within one run that hold on any machine, with wide margins: what fails here is broken, not slow. Two cores that
 * other programs kept busy have given 0.7 of bare onnxruntime, and 0.44 of the peak at three times the peak.
 * @returns one line for each that does not hold
 */
export function outsideServeMargins(report: ServeReport): string[] {
  const found: string[] = [];
  const expect = (what: string, value: number, limit: { least: number } | { most: number }): void => {
    const holds = 'least' in limit ? value >= limit.least : value <= limit.most;
    const expected = 'least' in limit ? `at least ${limit.least}` : `at most ${limit.most}`;
    if (!holds) found.push(`${what} is ${value.toFixed(2)}, expected ${expected}`);
  };
  for (const { mix, connections, bare, bare_latency: latency, rival } of report.cells ?? []) {
    const where = `${mix} texts at ${connections}`;
    if (bare) expect(`${where}: requests/s over the best of bare onnxruntime`, bare.ratio, { least: 0.3 });
    if (latency) {
      const over = 1 + latency.added_ms / latency.p50_ms;
      expect(`${where}: p50 over that of bare onnxruntime`, over, { most: 3 });
    }
    if (rival) expect(`${where}: requests/s over those of ${rival.name}`, rival.rps_ratio, { least: 0.8 });
  }
  for (const { mix, deadline_ms, loads } of report.overload ?? []) {
    for (const load of loads) {
      const where = `${mix} texts offered at ${load.share} of the peak`;
      const least = load.share < 1 ? 0.6 * load.share : 0.3;
      expect(`${where}: answers in time over the peak`, load.goodput_ratio, { least });
      // Nothing was admitted: the line above tells.
      if (Number.isNaN(load.admitted_p99_ms)) continue;
      expect(`${where}: p99 of what was admitted over its deadline`, load.admitted_p99_ms / deadline_ms, {
        most: 1.5,
      });
    }
  }
  if (report.int8) {
    expect('int8: least cosine with fp32', report.int8.cosine.min, { least: 0.8 });
  }
  return found;
}
