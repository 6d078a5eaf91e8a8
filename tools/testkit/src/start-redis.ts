import { connect } from 'node:net';
import { withFreePorts } from './free-port.ts';
import { type Handle, handleOf } from './handle.ts';
import { requirePart } from './parts/find-part.ts';
import { startProcess } from './process/start-process.ts';
import { tempDir } from './temp-dir.ts';

export interface RedisOptions {
  readonly extraFlags?: readonly string[];
  /** E.g. that of a Redis that was stopped. @default a free one */
  readonly port?: number;
}

export interface Redis extends Handle {
  /** `redis://127.0.0.1:6379` */
  readonly url: string;
  readonly port: number;
}

/** An empty Redis that writes nothing to disk. */
export async function startRedis({ extraFlags = [], port: chosen }: RedisOptions = {}): Promise<Redis> {
  const { path } = requirePart('redis-server');
  await using resources = new AsyncDisposableStack();
  const dir = resources.use(await tempDir('redis'));
  const [running, port] = await withFreePorts(1, async ([free = 0]) => {
    const port = chosen ?? free;
    const flags = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
    const args = [...flags, '--dir', dir.path, ...extraFlags];
    const ready = { output: /Ready to accept connections/, probe: () => answersPing(port) };
    return [await startProcess({ command: path, args, cwd: dir.path, ready }), port] as const;
  });
  resources.use(running);
  return { ...handleOf(running, resources.move()), url: `redis://127.0.0.1:${port}`, port };
}

/** Whether it takes commands; -NOAUTH is an answer too. */
function answersPing(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    socket.setTimeout(2_000, () => socket.destroy(new Error('no answer to PING')));
    socket.once('error', reject).once('data', (data) => {
      resolve(/^(\+PONG|-NOAUTH)/.test(data.toString()));
      socket.destroy();
    });
  });
}
