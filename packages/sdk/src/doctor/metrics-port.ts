import { createServer } from 'node:net';
import { messageOf } from '@inferometer/core';
import type { PrometheusConfig } from '../config/telemetry-config.ts';
import { type CheckFinding, check } from './finding.ts';

const limitMs = 2000;

/** Whether the metrics port is free, or already answers with our metrics. */
export async function checkMetricsPort({ host, port }: PrometheusConfig): Promise<CheckFinding> {
  const name = 'metrics port';
  const error = await listenError(host, port);
  if (error === undefined) return check('ok', name, `${host}:${port} is free`);
  if (error.code !== 'EADDRINUSE') {
    return check('error', name, `${host}:${port} cannot be opened: ${messageOf(error)}`);
  }
  if (await isOurs(host, port)) return check('ok', name, `${host}:${port} answers with metrics of ours`);
  return check(
    'error',
    name,
    `${host}:${port} is taken by another process; OTEL_EXPORTER_PROMETHEUS_PORT sets another, 0 any free one`,
  );
}

function listenError(host: string, port: number): Promise<NodeJS.ErrnoException | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', resolve);
    server.listen(port, host, () => server.close(() => resolve(undefined)));
  });
}

async function isOurs(host: string, port: number): Promise<boolean> {
  const name =
    host === '0.0.0.0' ? '127.0.0.1' : host.includes(':') ? `[${host === '::' ? '::1' : host}]` : host;
  try {
    const response = await fetch(`http://${name}:${port}/metrics`, { signal: AbortSignal.timeout(limitMs) });
    return (await response.text()).includes('inferometer_build_info');
  } catch {
    return false;
  }
}
