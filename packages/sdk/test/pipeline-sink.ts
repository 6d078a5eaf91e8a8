import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';

/** How the receiver behaves. */
export type Behaviour =
  | 'healthy'
  | 'down'
  | 'slow'
  | 'status 429'
  | 'status 503'
  | 'garbage'
  | 'reset'
  | 'silent';

/** An OTLP receiver (http/json, traces) that can be made to misbehave. */
export interface Sink extends AsyncDisposable {
  readonly url: string;
  /** Span ids by the trace that they are of, of all that was taken. */
  readonly traces: ReadonlyMap<string, ReadonlySet<string>>;
  /** Of all spans that were taken. */
  readonly names: ReadonlySet<string>;
  /** Spans taken, each as often as it came. */
  readonly spans: number;
  become(behaviour: Behaviour): Promise<void>;
}

const slowMs = 5_000;

export async function startSink(): Promise<Sink> {
  const traces = new Map<string, Set<string>>();
  const names = new Set<string>();
  let spans = 0;
  let behaviour: Behaviour = 'healthy';

  const take = (body: Buffer): void => {
    const { resourceSpans } = JSON.parse(body.toString()) as Body;
    for (const { scopeSpans } of resourceSpans) {
      for (const { traceId, spanId, name } of scopeSpans.flatMap((scope) => scope.spans)) {
        const known = traces.get(traceId) ?? new Set();
        traces.set(traceId, known.add(spanId));
        names.add(name);
        spans++;
      }
    }
  };

  const answer = (body: Buffer, response: ServerResponse): void => {
    switch (behaviour) {
      case 'healthy':
        take(body);
        response.setHeader('content-type', 'application/json').end('{"partialSuccess":{}}');
        break;
      case 'garbage':
        take(body);
        response.end('<html>not { json');
        break;
      case 'slow':
        setTimeout(() => response.end('{}'), slowMs);
        break;
      case 'status 429':
        response.writeHead(429, { 'retry-after': '1' }).end('too many');
        break;
      case 'status 503':
        response.writeHead(503).end('not now');
        break;
      case 'reset':
        response.socket?.resetAndDestroy();
        break;
      default:
        // No answer at all.
        break;
    }
  };

  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const body = Buffer.concat(parts);
      answer(request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body, response);
    });
  });
  const listen = (port: number): Promise<void> =>
    new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', () => resolve());
    });
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  await listen(0);
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    traces,
    names,
    get spans() {
      return spans;
    },
    async become(next) {
      if (next === 'down') await close();
      else if (behaviour === 'down') await listen(port);
      behaviour = next;
    },
    async [Symbol.asyncDispose]() {
      if (behaviour !== 'down') await close();
    },
  };
}

interface Body {
  readonly resourceSpans: readonly {
    readonly scopeSpans: readonly {
      readonly spans: readonly { traceId: string; spanId: string; name: string }[];
    }[];
  }[];
}
