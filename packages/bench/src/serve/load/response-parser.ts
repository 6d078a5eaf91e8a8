/** One answer of an HTTP/1.1 server. */
export interface HttpAnswer {
  readonly status: number;
  /** Its bytes are valid until the callback returns. */
  readonly body: Buffer;
  /** Whether the server takes another request on this connection. */
  readonly keepsAlive: boolean;
}

const headEnd = Buffer.from('\r\n\r\n');
const nothing = Buffer.alloc(0);

/**
 * Takes answers out of the bytes of a connection; a small part of HTTP, so that the load generator leaves the cores to
 * the servers: bodies by content-length or chunked, without trailers.
 * @param onAnswer told of each answer when its last byte is there
 * @returns to be called with each piece that arrives
 * @throws {Error} (the function returned) for what it cannot read
 */
export function createResponseParser(onAnswer: (answer: HttpAnswer) => void): (piece: Buffer) => void {
  let pending: Buffer = nothing;
  let head: Head | undefined;
  return (piece) => {
    pending = pending.length === 0 ? piece : Buffer.concat([pending, piece]);
    for (;;) {
      if (head === undefined) {
        const end = pending.indexOf(headEnd);
        if (end < 0) return;
        head = parseHead(pending.toString('latin1', 0, end));
        pending = pending.subarray(end + headEnd.length);
      }
      const found = head.length === undefined ? chunkedBody(pending) : plainBody(pending, head.length);
      if (found === undefined) return;
      const { status, keepsAlive } = head;
      head = undefined;
      pending = pending.subarray(found.end);
      if (status >= 200) onAnswer({ status, keepsAlive, body: found.body });
      if (pending.length === 0) return;
    }
  };
}

interface Head {
  readonly status: number;
  /** undefined: chunked. */
  readonly length: number | undefined;
  readonly keepsAlive: boolean;
}

function parseHead(text: string): Head {
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(text)?.[1]);
  if (!(status >= 100)) throw new Error(`no HTTP answer: ${text.slice(0, 60)}`);
  const keepsAlive = !/\r\nconnection: *close/i.test(text);
  if (status < 200 || status === 204) return { status, length: 0, keepsAlive };
  const length = /\r\ncontent-length: *(\d+)/i.exec(text)?.[1];
  if (length === undefined && !/\r\ntransfer-encoding: *chunked/i.test(text))
    throw new Error(`an answer with neither content-length nor chunks: ${text.slice(0, 200)}`);
  return { status, length: length === undefined ? undefined : Number(length), keepsAlive };
}

interface Found {
  readonly body: Buffer;
  /** First byte after it. */
  readonly end: number;
}

function plainBody(bytes: Buffer, length: number): Found | undefined {
  return bytes.length < length ? undefined : { body: bytes.subarray(0, length), end: length };
}

function chunkedBody(bytes: Buffer): Found | undefined {
  const parts: Buffer[] = [];
  for (let at = 0; ; ) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16);
    if (Number.isNaN(size)) throw new Error('a chunk without a size');
    const start = lineEnd + 2;
    const end = start + size + 2;
    if (bytes.length < end) return undefined;
    if (size === 0) return { body: parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts), end };
    parts.push(bytes.subarray(start, start + size));
    at = end;
  }
}
