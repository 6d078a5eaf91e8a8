import type { Attributes } from '@opentelemetry/api';
import { ATTR } from '../semconv.ts';
import { phaseUs, type TraceRecord } from './record.ts';

/** What a root span says of its request, besides what HTTP does. */
export function rootAttributes(record: TraceRecord): Attributes {
  const attributes: Attributes = {
    [ATTR.eventId]: record.trace.eventId,
    [ATTR.unattributedMs]: phaseUs(record, 'unattributed') / 1000,
    [ATTR.iterations]: record.iterations,
    [ATTR.deviceMs]: record.deviceMs,
  };
  if (record.method !== '') {
    attributes[ATTR.httpMethod] = record.method;
    attributes[ATTR.httpStatus] = record.status;
    if (record.route !== '') attributes[ATTR.httpRoute] = record.route;
  }
  if (record.model !== undefined) {
    attributes[ATTR.model] = record.model;
    attributes[ATTR.genAiRequestModel] = record.model;
  }
  if (record.operation !== undefined) attributes[ATTR.genAiOperation] = record.operation;
  if (record.generation) attributes[ATTR.genAiOutputTokens] = record.generation.tokens;
  if (record.device !== undefined) {
    attributes[ATTR.device] = record.device;
    attributes[ATTR.cpuMs] = record.cpuMs;
  }
  if (record.tenant !== undefined) attributes[ATTR.tenant] = record.tenant;
  if (record.sessionHash !== undefined) attributes[ATTR.session] = record.sessionHash;
  if (record.errorType !== undefined) attributes[ATTR.errorType] = record.errorType;
  if (record.ttftUs !== undefined) attributes[ATTR.ttftMs] = record.ttftUs / 1000;
  if (record.trace.kept !== undefined) attributes[ATTR.keepReason] = record.trace.kept;
  return attributes;
}

/** Name of a root span: method and, where known, route; or the name of what is not HTTP. */
export function rootName(method: string, route: string): string {
  if (method === '') return route;
  return route === '' ? method : `${method} ${route}`;
}
