import type { PlainSpan } from '../../shared/plain-span.ts';

/** A phase, with ids as words. One object serves for all: encoders must not keep it. */
export interface PhaseOfRequest {
  /** Where the trace id is: four words. */
  words: Int32Array;
  traceAt: number;
  idHigh: number;
  idLow: number;
  parentHigh: number;
  parentLow: number;
  /** Of the phase, without `inference.`. */
  name: string;
  /** Whole µs since the epoch. */
  startUs: number;
  endUs: number;
}

/** Collects spans as the body of an OTLP export. */
export interface SpanEncoder {
  readonly count: number;
  add(span: PlainSpan): void;
  /** Takes a phase that is nothing but a name and two times, which is what most spans are. */
  addPhase(span: PhaseOfRequest): void;
  /** An ExportTraceServiceRequest with what was added; the encoder is empty afterwards. */
  take(): Uint8Array;
}

/** The scope of the spans that we make. */
export const ownScopeName = '@inferometer/core';

/** The flags of OTLP: those of W3C, and whether the parent is of another process. */
export function otlpFlags(traceFlags: number, parentIsRemote: boolean): number {
  return (traceFlags & 0xff) | 0x100 | (parentIsRemote ? 0x200 : 0);
}

export type ResourceAttributes = Readonly<Record<string, unknown>>;
