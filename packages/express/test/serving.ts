import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import {
  createTelemetry,
  type FinishedTrace,
  type Telemetry,
  type TelemetryOptions,
} from '@inferometer/core';
import express5 from 'express';
import express4 from 'express4';
import { onTestFinished, vi } from 'vitest';

/** Both versions, for `describe.each`. */
export const versions: [name: string, express: typeof express5][] = [
  ['Express 4', express4],
  ['Express 5', express5],
];

export interface Recording {
  readonly telemetry: Telemetry;
  /** The records of all requests that have ended, once there are as many. */
  records(count: number): Promise<readonly FinishedTrace[]>;
  /** How many requests have begun and have not ended. */
  inFlight(): number;
}

/** Telemetry that keeps what it records. */
export function record(options: TelemetryOptions = {}): Recording {
  let open = 0;
  const telemetry = createTelemetry({
    ...options,
    observers: [
      {
        requestStarted: () => void open++,
        requestEnded: () => void open--,
      },
      ...(options.observers ?? []),
    ],
  });
  return {
    telemetry,
    inFlight: () => open,
    records: (count) =>
      vi.waitFor(() => {
        const all = telemetry.ring.last();
        if (all.length < count) throw new Error(`${all.length} of ${count} requests have been recorded`);
        return all;
      }),
  };
}

export interface Serving {
  readonly url: string;
  readonly port: number;
  readonly server: Server;
}

/** Serves until the test has finished. */
export async function serve(app: RequestListener, options: ServerOptions = {}): Promise<Serving> {
  const server = createServer(options, app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, port, server };
}

/** A connection on which a test writes HTTP by hand. */
export interface RawConnection {
  readonly socket: Socket;
  /** What has come so far. */
  text(): string;
  /** Resolves once what has come matches. */
  until(pattern: RegExp): Promise<void>;
}

export async function connectRaw(port: number): Promise<RawConnection> {
  const socket = connect(port, '127.0.0.1');
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
  });
  // A reset by the server is what some of the tests are about.
  socket.on('error', () => {});
  onTestFinished(() => void socket.destroy());
  await new Promise<void>((resolve) => socket.once('connect', resolve));
  return {
    socket,
    text: () => text,
    until: (pattern) =>
      vi.waitFor(() => {
        if (!pattern.test(text)) throw new Error(`expected ${pattern}, got ${JSON.stringify(text)}`);
      }),
  };
}

/** The route and status of a record, as metrics and spans have them. */
export function seen({ method, route, status, errorType }: FinishedTrace): string {
  return [method, route, status, errorType].filter((part) => part !== undefined).join(' ');
}
