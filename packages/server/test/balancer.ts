import {
  Agent,
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';

/** A balancer as in front of a Service: asks for readiness, hands requests on in turn, and never tries one twice. */
export interface Balancer extends AsyncDisposable {
  readonly url: string;
  /** Requests that each server has answered, by its URL. */
  readonly answered: ReadonlyMap<string, number>;
  /** Takes a server in, which gets requests while it says that it is ready. */
  add(url: string): void;
  remove(url: string): void;
  isReady(url: string): boolean;
}

/** As slowly as endpoints of a cluster follow: a server that is gone at once loses what comes meanwhile. */
const probeMs = 1000;

/** Starts one on a free port. What a server does not answer is answered with 502 and the reason. */
export async function startBalancer(): Promise<Balancer> {
  const ready = new Map<string, boolean>();
  const answered = new Map<string, number>();
  const agent = new Agent({ keepAlive: true });
  let turn = 0;

  const server = createServer((incoming, outgoing) => {
    const targets = [...ready].filter(([, isReady]) => isReady).map(([url]) => url);
    const target = targets[turn++ % targets.length];
    if (target === undefined) refuse(outgoing, 'no server is ready');
    else pass(target, incoming, outgoing);
  });

  function pass(target: string, incoming: IncomingMessage, outgoing: ServerResponse): void {
    const { method, headers, url = '/' } = incoming;
    const options = { agent, ...(method ? { method } : {}), headers };
    const upstream = httpRequest(`${target}${url}`, options, (response) => {
      // What is between balancer and server is their own affair.
      const { connection: _connection, 'keep-alive': _keepAlive, ...rest } = response.headers;
      outgoing.writeHead(response.statusCode ?? 502, rest);
      response.pipe(outgoing);
      response.once('error', (error) => outgoing.destroy(error));
      response.once('end', () => answered.set(target, (answered.get(target) ?? 0) + 1));
    });
    upstream.once('error', (error) => refuse(outgoing, `${target}: ${error.message}`));
    incoming.pipe(upstream);
  }

  const probe = async (url: string): Promise<void> => {
    const isReady = await fetch(`${url}/readyz`).then(
      (response) => response.body?.cancel().then(() => response.ok),
      () => false,
    );
    if (ready.has(url)) ready.set(url, isReady === true);
  };
  const timer = setInterval(() => {
    for (const url of ready.keys()) void probe(url);
  }, probeMs);

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    answered,
    add: (url) => void ready.set(url, false),
    remove: (url) => void ready.delete(url),
    isReady: (url) => ready.get(url) === true,
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      agent.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function refuse(outgoing: ServerResponse, reason: string): void {
  if (outgoing.headersSent) outgoing.destroy(new Error(reason));
  else outgoing.writeHead(502, { 'content-type': 'text/plain' }).end(reason);
}
