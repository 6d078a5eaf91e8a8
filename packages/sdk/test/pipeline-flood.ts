import { connect, type Socket } from 'node:net';

const connections = 4;
const batchSize = 25;
const ok = 'HTTP/1.1 200 ';

/**
 * Sends many requests as fast as a small client can, by pipelining: the tester must not take the CPU that the app needs.
 * @throws {Error} at an answer other than 200, and at a connection that is closed
 */
export async function flood(
  url: string,
  count: number,
  pathOf: (i: number) => string,
  headers = '',
): Promise<void> {
  const { hostname, port } = new URL(url);
  let next = 0;
  const request = (): string => `GET ${pathOf(next++)} HTTP/1.1\r\nhost: app\r\n${headers}\r\n`;
  await Promise.all(
    Array.from({ length: connections }, async () => {
      const socket = connect(Number(port), hostname);
      try {
        while (next < count) {
          const size = Math.min(batchSize, count - next);
          await answered(socket, Array.from({ length: size }, request));
        }
      } finally {
        socket.destroy();
      }
    }),
  );
}

function answered(socket: Socket, requests: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    let text = '';
    const done = (error?: Error): void => {
      socket.off('data', read).off('error', done).off('close', closed);
      if (error) reject(error);
      else resolve();
    };
    const closed = (): void => done(new Error('the app closed the connection'));
    const read = (part: Buffer): void => {
      text += part.toString('latin1');
      const heads = text.match(/HTTP\/1\.1 \d{3} /g) ?? [];
      const other = heads.find((head) => head !== ok);
      if (other) done(new Error(`answered ${other}`));
      // The last answer's head is there; its body may follow, and is no head.
      else if (heads.length === requests.length) done();
    };
    socket.on('data', read).on('error', done).on('close', closed);
    socket.write(requests.join(''));
  });
}
