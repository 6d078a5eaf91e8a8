import { createServer } from 'node:net';
import { join } from 'node:path';
import { load } from '../load.ts';
import { histogramUpdates } from './histogram-updates.ts';
import type { CpuReading } from './probe.ts';
import { appFile, type Row, type RowSetting } from './rows.ts';
import { startChild } from './start-child.ts';
import type { Sink } from './start-sink.ts';

/** How much is measured. */
export interface Effort {
  /** Fresh processes a row; the rows take turns. */
  readonly rounds: number;
  /** Of the measured load, s. */
  readonly seconds: number;
  /** Before anything is measured; by count, so that each row's code is as optimised as the other's. */
  readonly warmUpRequests: number;
  /** Of the allocation pass. */
  readonly allocationRequests: number;
  /** Of the closed loop. */
  readonly connections: number;
}

/** One row in one round. */
export interface RowReading {
  readonly mainCpuUs: number;
  readonly processCpuUs: number;
  readonly requestsPerSecond: number;
  readonly p99Ms: number;
  readonly bytesPerRequest: number;
  /** Delivered to the sink a request; undefined where the row makes none. */
  readonly spansPerRequest: number | undefined;
  /** Of them the spans of kind SERVER: below one, traces were lost. */
  readonly rootsPerRequest: number | undefined;
  /** Observations of phase and request durations a request; undefined where they cannot be read. */
  readonly histogramUpdatesPerRequest: number | undefined;
}

export interface RowContext {
  readonly sink: Sink;
  readonly protocol: RowSetting['protocol'];
  /** Working directory, by where the packages come from. */
  readonly folder: string;
  /** Tells this sender from all others of the sink. */
  readonly sender: string;
}

/** A root span and eight phases. */
export const spansOfRequest = 9;

/** Measures one row in a process of its own: warm-up, load until the last span is delivered, allocation. */
export async function measureRow(row: Row, effort: Effort, context: RowContext): Promise<RowReading> {
  const { sink, sender } = context;
  const metricsPort = await freePort();
  await using server = await startChild({
    name: `the row ${row.name}`,
    module: appFile('server.mjs'),
    args: [row.telemetry],
    execArgv: ['--import', new URL('./probe.js', import.meta.url).href, ...row.execArgv],
    cwd: context.folder,
    env: row.env({ endpoint: sink.endpoint(sender), metricsPort, protocol: context.protocol }),
    ready: /listening on (http:\S+)\n/,
  });
  const url = server.match[1] as string;
  let sent = 0;
  const drive = async (until: { seconds: number } | { requests: number }) => {
    const result = await load({ url, path: '/embed', body: {}, connections: effort.connections, until });
    sent += result.requests;
    // What is exported later was caused now.
    if (row.spans) await sink.drained(sender, sent);
    return result;
  };
  await drive({ requests: effort.warmUpRequests });
  const before = (await server.ask('cpu')) as CpuReading;
  const result = await drive({ seconds: effort.seconds });
  const after = (await server.ask('cpu')) as CpuReading;
  await server.ask('allocation start');
  const { requests } = await drive({ requests: effort.allocationRequests });
  const bytes = (await server.ask('allocation stop')) as number;
  const updates =
    row.metrics && (await scrape(row.metrics === 'app' ? url : `http://127.0.0.1:${metricsPort}`));
  const delivered = row.spans ? await sink.counts(sender) : undefined;
  return {
    mainCpuUs: (after.mainUs - before.mainUs) / result.requests,
    processCpuUs: (after.processUs - before.processUs) / result.requests,
    requestsPerSecond: result.requestsPerSecond,
    p99Ms: result.p99Ms,
    bytesPerRequest: bytes / requests,
    spansPerRequest: delivered && delivered.spans / sent,
    rootsPerRequest: delivered && delivered.roots / sent,
    histogramUpdatesPerRequest: updates === undefined ? undefined : updates / sent,
  };
}

async function scrape(url: string): Promise<number> {
  const response = await fetch(`${url}/metrics`);
  if (!response.ok) throw new Error(`${url}/metrics answers with status ${response.status}`);
  return histogramUpdates(await response.text());
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}

/** Where a row's packages are found. @param rivals folder of the rivals */
export function folderOf(row: Row, rivals: string | undefined): string | undefined {
  if (row.from === 'workspace') return join(appFile('.'), '..');
  return rivals && join(rivals, row.from);
}
