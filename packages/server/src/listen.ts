import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { InferometerError } from '@inferometer/core';

/** A server that listens. */
export interface Listening {
  readonly server: Server;
  /** Such as http://127.0.0.1:8080 */
  readonly url: string;
  readonly port: number;
}

/** Longer than load balancers keep idle connections (60 s): one that we close first fails somebody's next request. */
const keepAliveMs = 75_000;

/**
 * @throws {InferometerError} INVALID_INPUT if the address cannot be listened on: it says why
 */
export function listen(handler: RequestListener, host: string, port: number): Promise<Listening> {
  const server = createServer(handler);
  server.keepAliveTimeout = keepAliveMs;
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why =
        error.code === 'EADDRINUSE'
          ? 'is in use, choose another with --port'
          : `cannot be listened on: ${error.message}`;
      reject(new InferometerError('INVALID_INPUT', `${host} port ${port} ${why}`, { cause: error }));
    });
    server.listen(port, host, () => {
      const address = server.address() as AddressInfo;
      const name = address.family === 'IPv6' ? `[${address.address}]` : address.address;
      // What can be opened in a browser, where all addresses are listened on.
      const reachable = name === '0.0.0.0' ? '127.0.0.1' : name === '[::]' ? '[::1]' : name;
      resolve({ server, url: `http://${reachable}:${address.port}`, port: address.port });
    });
  });
}

const idlePollMs = 50;

/** Lets requests in flight finish, then closes; by force when the limit is over. */
export function closeServer(server: Server, limitMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.closeAllConnections(), limitMs);
    // Connections whose request was in flight are kept alive by their clients: they are idle only afterwards.
    const idle = setInterval(() => server.closeIdleConnections(), idlePollMs);
    server.close(() => {
      clearTimeout(timer);
      clearInterval(idle);
      resolve();
    });
    server.closeIdleConnections();
  });
}
