import autocannon from 'autocannon';

/** A closed loop: each connection sends its next request when it has its answer. */
export interface LoadOptions {
  readonly url: string;
  readonly path: string;
  readonly body: unknown;
  readonly connections: number;
  /** Ends after so many seconds, or after so many requests. */
  readonly until: { readonly seconds: number } | { readonly requests: number };
}

export interface LoadResult {
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly requests: number;
}

/** @throws {Error} if any request failed: figures of failures say nothing */
export async function load(options: LoadOptions): Promise<LoadResult> {
  const latencies: number[] = [];
  const settings: autocannon.Options = {
    url: options.url + options.path,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(options.body),
    connections: options.connections,
    ...('seconds' in options.until
      ? { duration: options.until.seconds }
      : { amount: options.until.requests }),
  };
  const result = await new Promise<autocannon.Result>((resolve, reject) => {
    const instance = autocannon(settings, (error, ended) => (error ? reject(error) : resolve(ended)));
    // Its own histogram has whole milliseconds: too coarse for a model that takes less than one.
    instance.on('response', (_client, _status, _bytes, milliseconds) => latencies.push(milliseconds));
  });
  if (result.non2xx > 0 || result.errors > 0) {
    throw new Error(`${result.non2xx} answers other than 2xx and ${result.errors} errors at ${options.path}`);
  }
  latencies.sort((a, b) => a - b);
  const at = (q: number): number =>
    latencies[Math.min(latencies.length - 1, Math.floor(q * latencies.length))] ?? 0;
  return {
    requestsPerSecond: latencies.length / result.duration,
    p50Ms: at(0.5),
    p95Ms: at(0.95),
    p99Ms: at(0.99),
    requests: latencies.length,
  };
}
