import { chown, realpath } from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { withFreePorts } from './free-port.ts';
import { type Handle, handleOf } from './handle.ts';
import { requirePart } from './parts/find-part.ts';
import { type RunOptions, runProgram } from './process/run-program.ts';
import type { User } from './process/spawn-program.ts';
import { startProcess } from './process/start-process.ts';
import { tempDir } from './temp-dir.ts';

export interface Postgres extends Handle {
  /** `postgres://postgres@127.0.0.1:5432/postgres`, for the superuser. */
  readonly url: string;
  readonly port: number;
  /** Where its other programs are: `psql`, `pg_dump`. */
  readonly binFolder: string;
}

/** An empty PostgreSQL cluster that asks nobody for a password and does not wait for the disk. */
export async function startPostgres(): Promise<Postgres> {
  const binFolder = dirname(await realpath(requirePart('postgres').path));
  await using resources = new AsyncDisposableStack();
  const dir = resources.use(await tempDir('postgres'));
  const user = await unprivilegedUser();
  if (user !== undefined) await chown(dir.path, user.uid, user.gid);
  const as = { cwd: dir.path, ...(user === undefined ? {} : { user }) };
  const data = dir.file('data');
  await makeCluster(join(binFolder, 'initdb'), data, as);
  const [running, port] = await withFreePorts(1, async ([port = 0]) => {
    const settings = {
      listen_addresses: '127.0.0.1',
      port,
      unix_socket_directories: dir.path,
      // Elsewhere it would outlive a server that is killed.
      dynamic_shared_memory_type: 'mmap',
      fsync: 'off',
      full_page_writes: 'off',
    };
    const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const running = await startProcess({
      command: join(binFolder, 'postgres'),
      args: ['-D', data, ...args],
      ready: { probe: () => takesConnections(port) },
      // SIGTERM would wait for the clients to leave, and a pool keeps its connections.
      stopSignal: 'SIGINT',
      ...as,
    });
    return [running, port] as const;
  });
  resources.use(running);
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  return { ...handleOf(running, resources.move()), url, port, binFolder };
}

/** Whom the server runs as: it refuses root. Undefined where this process is somebody else already. */
async function unprivilegedUser(): Promise<User | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of ['postgres', 'nobody']) {
    const [uid, gid] = await Promise.all(['-u', '-g'].map((which) => runProgram('id', [which, name])));
    if (uid?.code === 0 && gid?.code === 0) return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  }
  throw new Error('PostgreSQL refuses to run as root, and there is no user postgres or nobody to run it as');
}

async function makeCluster(initdb: string, data: string, as: RunOptions): Promise<void> {
  const flags = ['--username=postgres', '--auth=trust', '--encoding=UTF8', '--no-locale', '--no-sync'];
  const { code, stdout, stderr } = await runProgram(initdb, [...flags, '-D', data], as);
  if (code !== 0) throw new Error(`initdb failed with exit code ${code}: ${stdout}${stderr}`);
}

/** Whether a session can be opened; while the server starts up it accepts connections only to refuse them. */
function takesConnections(port: number): Promise<boolean> {
  const parameters = 'user\0postgres\0database\0postgres\0\0';
  const hello = Buffer.alloc(8 + parameters.length);
  hello.writeInt32BE(hello.length, 0);
  // Version 3.0 of the protocol.
  hello.writeInt32BE(3 << 16, 4);
  hello.write(parameters, 8);
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(hello));
    socket.setTimeout(2_000, () => socket.destroy(new Error('no answer to a start of a session')));
    socket.once('error', reject).once('data', (data) => {
      // R is about authentication, E an error.
      resolve(data.toString('latin1', 0, 1) === 'R');
      socket.destroy();
    });
  });
}
