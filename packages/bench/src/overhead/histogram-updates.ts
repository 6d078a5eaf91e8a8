const updates =
  /^(?:inference_(?:phase|request)|http_request)_duration(?:_seconds)?_count(?:\{[^}]*\})? (\S+)/gm;

/** Observations in the histograms of phases and of requests, out of the text of a scrape. */
export function histogramUpdates(scrape: string): number {
  return [...scrape.matchAll(updates)].reduce((sum, match) => sum + Number(match[1]), 0);
}
