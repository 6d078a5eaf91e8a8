import { withFreePorts } from '../free-port.ts';
import { type Handle, handleOf } from '../handle.ts';
import { requirePart } from '../parts/find-part.ts';
import { startProcess } from '../process/start-process.ts';
import { tempDir } from '../temp-dir.ts';

export interface Etcd extends Handle {
  /** `http://127.0.0.1:2379` */
  readonly url: string;
}

/** An empty one-node etcd that does not wait for the disk. */
export async function startEtcd(): Promise<Etcd> {
  const { path } = requirePart('etcd');
  await using resources = new AsyncDisposableStack();
  const dir = resources.use(await tempDir('etcd'));
  const [running, url] = await withFreePorts(2, async ([client, peer]) => {
    const url = `http://127.0.0.1:${client}`;
    const peerUrl = `http://127.0.0.1:${peer}`;
    const args = [
      '--name=node',
      `--data-dir=${dir.file('data')}`,
      '--unsafe-no-fsync',
      '--log-level=warn',
      `--listen-client-urls=${url}`,
      `--advertise-client-urls=${url}`,
      `--listen-peer-urls=${peerUrl}`,
      `--initial-advertise-peer-urls=${peerUrl}`,
      `--initial-cluster=node=${peerUrl}`,
    ];
    const ready = { url: `${url}/health` };
    return [await startProcess({ command: path, args, cwd: dir.path, ready }), url] as const;
  });
  resources.use(running);
  return { ...handleOf(running, resources.move()), url };
}
