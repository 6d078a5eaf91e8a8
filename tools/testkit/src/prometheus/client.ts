import { type WaitOptions, waitFor } from '../wait-for.ts';
import {
  parseNumber,
  parseSamples,
  parseSeries,
  type QueryData,
  type Sample,
  type SampleSeries,
} from './samples.ts';

export interface ScrapeTarget {
  readonly job: string;
  readonly url: string;
  readonly health: 'up' | 'down' | 'unknown';
  /** Empty if the last scrape went well. */
  readonly lastError: string;
}

export interface Exemplar {
  readonly series: Readonly<Record<string, string>>;
  /** `trace_id`, `span_id`. */
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  readonly timeS: number;
}

export interface QueryRange {
  /** Seconds since the epoch. @default 10 minutes before the end */
  readonly startS?: number;
  /** Seconds since the epoch. @default now */
  readonly endS?: number;
  /** Seconds, > 0. @default 1 */
  readonly stepS?: number;
}

export interface PrometheusClient {
  /** An instant query, at `timeS` (seconds since the epoch) or now. @throws {Error} if the query is wrong */
  query(promql: string, timeS?: number): Promise<Sample[]>;
  queryRange(promql: string, range?: QueryRange): Promise<SampleSeries[]>;
  /** The samples as soon as they satisfy the predicate. @param predicate @default there is at least one */
  waitForQuery(
    promql: string,
    predicate?: (samples: readonly Sample[]) => boolean,
    options?: WaitOptions,
  ): Promise<Sample[]>;
  targets(): Promise<ScrapeTarget[]>;
  /** The exemplars of the series that a query selects. */
  exemplars(promql: string, range?: QueryRange): Promise<Exemplar[]>;
  /** `data` of any other endpoint: `api('rules')`, `api('metadata', { metric })`. */
  api(path: string, parameters?: Readonly<Record<string, string>>): Promise<unknown>;
}

export function prometheusClient(url: string): PrometheusClient {
  const client: PrometheusClient = {
    async query(promql, timeS) {
      const time = timeS === undefined ? {} : { time: String(timeS) };
      return parseSamples((await client.api('query', { query: promql, ...time })) as QueryData);
    },
    async queryRange(promql, range = {}) {
      const { startS, endS, stepS = 1 } = range;
      const parameters = { query: promql, ...bounds(startS, endS), step: String(stepS) };
      return parseSeries((await client.api('query_range', parameters)) as QueryData);
    },
    async waitForQuery(promql, predicate = (samples) => samples.length > 0, options = {}) {
      let last: Sample[] = [];
      const satisfied = async () => {
        last = await client.query(promql);
        return predicate(last) ? last : undefined;
      };
      try {
        return await waitFor(`a fitting answer to ${promql}`, satisfied, { intervalMs: 100, ...options });
      } catch (cause) {
        throw new Error(`${(cause as Error).message}; the last answer: ${JSON.stringify(last)}`, { cause });
      }
    },
    async targets() {
      const { activeTargets } = (await client.api('targets')) as { activeTargets: RawTarget[] };
      return activeTargets.map(({ labels, scrapeUrl, health, lastError }) => {
        return { job: labels.job ?? '', url: scrapeUrl, health, lastError };
      });
    },
    async exemplars(promql, { startS, endS } = {}) {
      const data = await client.api('query_exemplars', { query: promql, ...bounds(startS, endS) });
      return (data as RawExemplars[]).flatMap(({ seriesLabels, exemplars }) =>
        exemplars.map(({ labels, value, timestamp }) => {
          return { series: seriesLabels, labels, value: parseNumber(value), timeS: timestamp };
        }),
      );
    },
    async api(path, parameters = {}) {
      // By POST: a dashboard's query may be longer than a URL can be.
      const isQuery = path.startsWith('query');
      const search = new URLSearchParams(parameters);
      const response = await (isQuery
        ? fetch(`${url}/api/v1/${path}`, { method: 'POST', body: search })
        : fetch(`${url}/api/v1/${path}?${search}`));
      const body = (await response.json()) as { status: string; data?: unknown; error?: string };
      if (body.status === 'success') return body.data;
      throw new Error(`Prometheus refused ${path} ${parameters.query ?? ''}: ${body.error}`);
    },
  };
  return client;
}

function bounds(startS: number | undefined, endS = Date.now() / 1000): { start: string; end: string } {
  return { start: String(startS ?? endS - 600), end: String(endS) };
}

interface RawTarget {
  readonly labels: Record<string, string>;
  readonly scrapeUrl: string;
  readonly health: ScrapeTarget['health'];
  readonly lastError: string;
}
interface RawExemplars {
  readonly seriesLabels: Record<string, string>;
  readonly exemplars: readonly { labels: Record<string, string>; value: string; timestamp: number }[];
}
