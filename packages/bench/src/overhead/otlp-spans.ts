/** What an OTLP request delivers. */
export interface SpanCounts {
  readonly spans: number;
  /** Spans of kind SERVER: one a request of the app. */
  readonly roots: number;
}

/**
 * Counts the spans in the body of an OTLP export request, without decoding what is in them.
 * @throws {RangeError} if it is no protobuf message, where it should be one
 */
export function countSpans(contentType: string, body: Uint8Array): SpanCounts {
  return contentType.startsWith('application/json') ? countJson(body) : countProtobuf(body);
}

function countJson(body: Uint8Array): SpanCounts {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const count = (mark: string): number => {
    let found = 0;
    for (let at = bytes.indexOf(mark); at >= 0; at = bytes.indexOf(mark, at + mark.length)) found++;
    return found;
  };
  // Only spans have these keys, and inside a JSON string their quotes would be escaped.
  return { spans: count('"startTimeUnixNano":'), roots: count('"kind":2') };
}

/** ExportTraceServiceRequest.resource_spans, ResourceSpans.scope_spans, ScopeSpans.spans: their field numbers. */
const spanPath = [1, 2, 2] as const;
const kindField = 6;
const serverKind = 2;

function countProtobuf(body: Uint8Array): SpanCounts {
  const counts = { spans: 0, roots: 0 };
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = body[at++];
      if (byte === undefined) throw new RangeError('the message ends inside a number');
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  /** @param depth levels of `spanPath` above this message; all of them for a span */
  const readMessage = (end: number, depth: number): void => {
    const inSpan = depth === spanPath.length;
    if (inSpan) counts.spans++;
    while (at < end) {
      const tag = varint();
      const field = Math.floor(tag / 8);
      const wireType = tag % 8;
      if (wireType === 0) {
        const value = varint();
        if (inSpan && field === kindField && value === serverKind) counts.roots++;
      } else if (wireType === 1) at += 8;
      else if (wireType === 5) at += 4;
      else if (wireType === 2) {
        const length = varint();
        const next = at + length;
        if (next > end) throw new RangeError(`a field of ${length} bytes goes beyond its message`);
        if (!inSpan && field === spanPath[depth]) readMessage(next, depth + 1);
        at = next;
      } else throw new RangeError(`wire type ${wireType} at byte ${at}`);
    }
  };
  readMessage(body.length, 0);
  return counts;
}
