import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { answer } from './channel.ts';
import { countSpans, type SpanCounts } from './otlp-spans.ts';

/**
 * The OTLP receiver of the benchmark, a process of its own: counts spans by the first part of the path, and forgets
 * them. Metrics and logs are taken and not counted.
 */

const counts: Record<string, SpanCounts> = {};

const server = createServer((request, response) => {
  receive(request).then(
    (contentType) => {
      response.setHeader('content-type', contentType);
      // An empty protobuf message is no bytes.
      response.end(contentType.startsWith('application/json') ? '{}' : '');
    },
    (error: unknown) => response.writeHead(400).end(String(error)),
  );
});

/** @returns the content type of the request, which is the answer's */
async function receive(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const [, sender = '', , signal] = (request.url ?? '').split('/');
  const contentType = request.headers['content-type'] ?? '';
  if (signal === 'traces') {
    const sent = Buffer.concat(chunks);
    const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent;
    const { spans, roots } = countSpans(contentType, body);
    const before = counts[sender] ?? { spans: 0, roots: 0 };
    counts[sender] = { spans: before.spans + spans, roots: before.roots + roots };
  }
  return contentType;
}

answer({ counts: () => counts });
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`listening on http://127.0.0.1:${(server.address() as AddressInfo).port}\n`);
});
