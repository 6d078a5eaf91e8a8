import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

// The kernel may hand out a port again as soon as it is closed; this process at least never does so twice.
const handedOut = new Set<number>();

/** A TCP port of 127.0.0.1 on which nobody listens at this moment. Another process may still take it first. */
export async function freePort(): Promise<number> {
  const [port] = await freePorts(1);
  return port as number;
}

/** As many different free ports as asked for. */
export async function freePorts(count: number): Promise<number[]> {
  const servers: Server[] = [];
  const ports: number[] = [];
  try {
    while (ports.length < count) {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      // Held open until all are found, so that they differ.
      servers.push(server);
      const address = server.address();
      if (address === null || typeof address === 'string' || handedOut.has(address.port)) continue;
      handedOut.add(address.port);
      ports.push(address.port);
    }
    return ports;
  } finally {
    await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  }
}

/**
 * The result of `start` with free ports; with other ones if somebody took a port before the part could.
 * @param start fails with an error whose message holds what the part printed
 * @throws what `start` threw, if it is no port conflict or the third one
 */
export async function withFreePorts<T>(count: number, start: (ports: number[]) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await start(await freePorts(count));
    } catch (error) {
      if (
        attempt === 3 ||
        !(error instanceof Error && /address already in use|EADDRINUSE/i.test(error.message))
      )
        throw error;
    }
  }
}
