import type { IncomingMessage } from 'node:http';
import { type MonoMs, monoNow } from '@inferometer/core';
import type { CallOptions, Priority } from '@inferometer/engine';
import { goneSignal, traceOf } from '@inferometer/express';
import { RequestProblem } from './problem.ts';

/** Headers by which a caller says how long it waits, how urgent it is and for whom. */
export const callHeaders = {
  timeout: 'x-request-timeout',
  grpcTimeout: 'grpc-timeout',
  priority: 'x-request-priority',
  tenant: 'x-tenant-id',
} as const;

const priorities: readonly Priority[] = ['high', 'normal', 'low'];
const tenantPattern = /^[\w.:@/-]{1,128}$/;

/** What the headers of a request say about its call of a model: cheap, so that it can be asked for before the body. */
export type CallHeaders = Pick<CallOptions, 'deadline' | 'priority' | 'tenant'>;

/**
 * @param arrived when the request came
 * @throws {RequestProblem} 400 that names the header
 */
export function callHeadersOf({ headers }: IncomingMessage, arrived: MonoMs): CallHeaders {
  const timeoutMs = timeoutOf(headers[callHeaders.timeout], headers[callHeaders.grpcTimeout]);
  const priority = headers[callHeaders.priority] ?? 'normal';
  if (!priorities.includes(priority as Priority)) {
    throw badHeader(callHeaders.priority, 'expected high, normal or low', priority);
  }
  const tenant = headers[callHeaders.tenant];
  if (tenant !== undefined && !tenantPattern.test(String(tenant))) {
    throw badHeader(callHeaders.tenant, 'expected up to 128 letters, digits and . : @ / _ -', tenant);
  }
  return {
    ...(timeoutMs === undefined ? {} : { deadline: (arrived + timeoutMs) as MonoMs }),
    ...(priority === 'normal' ? {} : { priority: priority as Priority }),
    ...(tenant === undefined ? {} : { tenant: String(tenant) }),
  };
}

/**
 * All that a model is told of a request; its trace gets the tenant.
 * @throws {RequestProblem} 400 that names the header
 */
export function callOptions(request: IncomingMessage): CallOptions {
  const trace = traceOf(request);
  const call = callHeadersOf(request, trace?.startedAt ?? monoNow());
  if (trace && call.tenant !== undefined) trace.tenant = call.tenant;
  return { ...call, trace, signal: goneSignal(request) };
}

/** Milliseconds in the units of gRPC: hours, minutes, seconds, milli-, micro- and nanoseconds. */
const grpcUnits: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1000,
  m: 1,
  u: 1e-3,
  n: 1e-6,
};
const plainUnits: Readonly<Record<string, number>> = { '': 1000, s: 1000, ms: 1 };

function timeoutOf(
  plain: string | string[] | undefined,
  grpc: string | string[] | undefined,
): number | undefined {
  if (plain !== undefined) {
    const match = /^(\d{1,9}(?:\.\d{1,9})?)\s*(ms|s|)$/.exec(String(plain));
    const ms = Number(match?.[1]) * (plainUnits[match?.[2] ?? ''] as number);
    if (ms > 0) return ms;
    throw badHeader(callHeaders.timeout, 'expected seconds over 0, such as 1.5, 2s or 500ms', plain);
  }
  if (grpc !== undefined) {
    // https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md: at most eight digits and a unit.
    const match = /^(\d{1,8})([HMSmun])$/.exec(String(grpc));
    const ms = Number(match?.[1]) * (grpcUnits[match?.[2] ?? ''] as number);
    if (ms > 0) return ms;
    throw badHeader(callHeaders.grpcTimeout, 'expected digits and one of H M S m u n, such as 500m', grpc);
  }
  return undefined;
}

function badHeader(name: string, expected: string, got: unknown): RequestProblem {
  const shown = JSON.stringify(String(got).slice(0, 60));
  return new RequestProblem(400, 'invalid_value', `${expected}, got ${shown}`, `header ${name}`);
}
