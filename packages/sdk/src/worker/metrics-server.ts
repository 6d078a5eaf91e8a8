import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { Family } from '@inferometer/core';
import { messageOf } from '@inferometer/core';
import type { PrometheusConfig } from '../config/telemetry-config.ts';
import { acceptsGzip, negotiate } from '../exposition/negotiate.ts';
import { renderFamilies } from '../exposition/render.ts';

export interface MetricsServerOptions {
  readonly collect: () => Promise<Family[]>;
  /** Time for which the main loop has stood still, s. */
  readonly blockedSeconds: () => number;
  /** /livez fails from so long a block on, ms. */
  readonly livezBlockedMs: number;
}

/** Fast and already small: exposition text is repetitive. */
const gzipLevel = 1;

/** The metrics port: `/metrics`, and `/livez` of the main thread. */
export function createMetricsServer(options: MetricsServerOptions): Server {
  const server = createServer((request, response) => {
    respond(options, request, response).catch((error: unknown) => {
      if (response.headersSent) response.destroy();
      else text(response, 500, `collecting metrics failed: ${messageOf(error)}\n`);
    });
  });
  server.keepAliveTimeout = 75_000;
  return server;
}

/** @returns the URL that it listens on */
export function listen(server: Server, { host, port }: PrometheusConfig): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      const { address, family, port: bound } = server.address() as AddressInfo;
      const name = address === '0.0.0.0' || address === '::' ? 'localhost' : address;
      resolve(`http://${family === 'IPv6' && name === address ? `[${name}]` : name}:${bound}`);
    });
  });
}

async function respond(
  options: MetricsServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = (request.url ?? '/').split('?', 1)[0];
  if (path !== '/metrics' && path !== '/livez') {
    return text(response, 404, `there is no ${path} here, only /metrics and /livez\n`);
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD');
    return text(response, 405, `${request.method} is not allowed here, expected GET\n`);
  }
  if (path === '/livez') return livez(options, response);
  const { format, contentType } = negotiate(request.headers.accept);
  const families = await options.collect();
  const gzip = acceptsGzip(request.headers['accept-encoding']?.toString());
  response.writeHead(200, {
    'content-type': contentType,
    vary: 'accept, accept-encoding',
    ...(gzip ? { 'content-encoding': 'gzip' } : {}),
  });
  if (request.method === 'HEAD') {
    response.end();
    return;
  }
  const body = Readable.from(renderFamilies(format, families));
  try {
    if (gzip) await pipeline(body, createGzip({ level: gzipLevel }), response);
    else await pipeline(body, response);
  } catch (error) {
    // A scraper that hangs up early is its own affair.
    if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
  }
}

function livez({ blockedSeconds, livezBlockedMs }: MetricsServerOptions, response: ServerResponse): void {
  const blocked = blockedSeconds();
  const alive = blocked * 1000 < livezBlockedMs;
  response.writeHead(alive ? 200 : 503, { 'content-type': 'application/json' });
  response.end(
    JSON.stringify(
      alive
        ? { status: 'ok', blocked_seconds: blocked }
        : { status: 'blocked', blocked_seconds: blocked, limit_seconds: livezBlockedMs / 1000 },
    ),
  );
}

function text(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' });
  response.end(body);
}
