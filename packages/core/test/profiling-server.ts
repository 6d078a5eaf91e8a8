import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  answerProfiling,
  createProfilingAccess,
  createTelemetry,
  isBelow,
  type ProfilingAccess,
  profilingPath,
  type Telemetry,
  traceIncoming,
} from '@inferometer/core';
import { type Answer, ask, type Question, waitFor } from '@inferometer/testkit';
import { onTestFinished } from 'vitest';

export interface ProfiledServer {
  readonly telemetry: Telemetry;
  /** Asks for a path below /profiling. */
  profiling(path?: string, question?: Question): Promise<Answer>;
  /** Sends requests to these paths, whose first step is the route, and waits until they have ended. */
  call(...paths: string[]): Promise<void>;
}

/** A server that is traced and answers /profiling, for as long as the test runs. */
export async function startProfiled(rules: ProfilingAccess = {}): Promise<ProfiledServer> {
  let ended = 0;
  const telemetry = createTelemetry({
    ringCapacity: 10,
    observers: [{ requestEnded: () => void ended++ }],
  });
  const access = createProfilingAccess(rules);
  const server = createServer((request, response) => {
    const { url = '/' } = request;
    // The address that a client comes from, in the place of one on another machine.
    const address = request.headers['x-test-address'];
    if (address) Object.defineProperty(request.socket, 'remoteAddress', { value: address });
    if (isBelow(url, profilingPath)) {
      const below = url.slice(profilingPath.length);
      answerProfiling({ telemetry, access, request, response, base: profilingPath, url: below });
      return;
    }
    const [, route = '', id] = url.split('/');
    traceIncoming(telemetry, request, response).trace.fnName = route;
    response.writeHead(id === 'bad' ? 400 : 200).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    telemetry,
    profiling: (path = '', question = {}) => ask(`${origin}${profilingPath}${path}`, question),
    async call(...paths) {
      for (const path of paths) {
        const before = ended;
        await ask(origin + path);
        // A request has ended when its answer has left, which the client may know first.
        await waitFor(`${path} to have ended`, () => (ended > before ? true : undefined));
      }
    },
  };
}
