import type { PlainSpan } from '../../shared/plain-span.ts';

/** Collects spans as the body of an OTLP export. */
export interface SpanEncoder {
  readonly count: number;
  add(span: PlainSpan): void;
  /** An ExportTraceServiceRequest with what was added; the encoder is empty afterwards. */
  take(): Uint8Array;
}

/** The flags of OTLP: those of W3C, and whether the parent is of another process. */
export function otlpFlags(traceFlags: number, parentIsRemote: boolean): number {
  return (traceFlags & 0xff) | 0x100 | (parentIsRemote ? 0x200 : 0);
}

export type ResourceAttributes = Readonly<Record<string, unknown>>;
