import { readFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { messageOf } from '@inferometer/core';
import type { OtlpConfig } from '../config/otlp.ts';
import { withoutPassword } from '../distro/start-up-line.ts';
import { type CheckFinding, check } from './finding.ts';

const limitMs = 2000;
const skewWarningMs = 5000;

interface Answer {
  readonly status: number;
  /** The receiver's clock, to the second. */
  readonly date: string | undefined;
}

/** What becomes of an empty export request, and how far the receiver's clock is from ours. */
export async function checkReceiver(
  signal: 'traces' | 'metrics',
  otlp: OtlpConfig,
): Promise<readonly CheckFinding[]> {
  const name = `OTLP ${signal}`;
  const where = withoutPassword(otlp.endpoint);
  try {
    const sentMs = Date.now();
    const answer = await post(signal, otlp);
    const middleMs = (sentMs + Date.now()) / 2;
    const isTaken = answer.status >= 200 && answer.status < 300;
    const message = `${where} answers ${answer.status}${isTaken ? '' : adviceFor(answer.status)}`;
    return [check(isTaken ? 'ok' : 'error', name, message), ...clockOf(answer, middleMs, where)];
  } catch (error) {
    return [check('error', name, `${where} cannot be reached: ${reasonOf(error)}`)];
  }
}

function post(signal: 'traces' | 'metrics', otlp: OtlpConfig): Promise<Answer> {
  const isJson = otlp.protocol === 'http/json';
  const empty = signal === 'traces' ? '{"resourceSpans":[]}' : '{"resourceMetrics":[]}';
  // An empty message is no bytes in protobuf.
  const body = Buffer.from(isJson ? empty : '');
  const { caFile, certFile, keyFile } = otlp.tls;
  const request = otlp.endpoint.startsWith('https:') ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const sent = request(
      otlp.endpoint,
      {
        method: 'POST',
        headers: {
          ...otlp.headers,
          'content-type': isJson ? 'application/json' : 'application/x-protobuf',
          'content-length': body.length,
        },
        signal: AbortSignal.timeout(limitMs),
        agent: false,
        ...(caFile === undefined ? {} : { ca: readFileSync(caFile) }),
        ...(certFile === undefined ? {} : { cert: readFileSync(certFile) }),
        ...(keyFile === undefined ? {} : { key: readFileSync(keyFile) }),
      },
      (response) => {
        response.resume();
        resolve({ status: response.statusCode ?? 0, date: response.headers.date });
      },
    );
    sent.on('error', reject).end(body);
  });
}

function adviceFor(status: number): string {
  if (status === 401 || status === 403) return ': look at OTEL_EXPORTER_OTLP_HEADERS';
  if (status === 404)
    return ': look at the path; OTEL_EXPORTER_OTLP_ENDPOINT gets /v1/… added, the others do not';
  if (status === 415 || status === 400) return ': look at OTEL_EXPORTER_OTLP_PROTOCOL';
  return '';
}

function reasonOf(error: unknown): string {
  if ((error as Error).name === 'TimeoutError' || (error as { code?: string }).code === 'ABORT_ERR') {
    return `no answer within ${limitMs} ms`;
  }
  // Of several addresses each has an error of its own; the first one says enough.
  const [first] = error instanceof AggregateError ? error.errors : [error];
  return messageOf(first);
}

function clockOf({ date }: Answer, middleMs: number, where: string): readonly CheckFinding[] {
  const theirsMs = Date.parse(date ?? '');
  if (Number.isNaN(theirsMs)) return [];
  // The header is cut off to whole seconds.
  const skewMs = Math.round(theirsMs + 500 - middleMs);
  if (Math.abs(skewMs) < skewWarningMs) return [check('ok', 'clock', `agrees with that of ${where}`)];
  const side = skewMs > 0 ? 'behind' : 'ahead of';
  const message = `is ${Math.abs(skewMs)} ms ${side} that of ${where}: spans of one trace will not line up`;
  return [check('warning', 'clock', message)];
}
