import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { requirePart } from '@inferometer/testkit';
import type { Kubectl } from './kubectl.ts';
import { serviceImage } from './make-images.ts';

/** A Pod in the cluster that calls Services as others there do. */
export interface Client {
  /** The answer to a GET, or to a POST of `body`. */
  ask(url: string, body?: unknown): Promise<{ readonly status: number; readonly text: string }>;
  /** Callers that post texts until `stop`, the first of which has been answered. */
  load(url: string, options: { readonly clients: number; readonly words: number }): Promise<Load>;
}

export interface Load extends AsyncDisposable {
  stop(): Promise<LoadResult>;
}

export interface LoadResult {
  /** Requests that had an answer, also one that refuses for overload. */
  readonly answered: number;
  readonly lost: number;
  /** What became of the first that was lost. */
  readonly first?: string;
}

const folder = import.meta.dirname;

/** Starts it, with the image of the service, which has Node. */
export async function startClient(kubectl: Kubectl): Promise<Client> {
  const scripts = ['ask.mjs', 'load.mjs'];
  const map = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'client' },
    data: Object.fromEntries(
      await Promise.all(scripts.map(async (it) => [it, await readFile(join(folder, 'scripts', it), 'utf8')])),
    ),
  };
  await kubectl.apply(JSON.stringify(map));
  await kubectl.apply(
    (await readFile(join(folder, 'manifests/client.yaml'), 'utf8')).replace('@IMAGE@', serviceImage),
  );
  await kubectl.run(['wait', '--for=condition=Ready', 'pod/client', '--timeout=120s']);
  const exec = ['exec', '-i', 'client', '--', 'node'];
  return {
    async ask(url, body) {
      const args = body === undefined ? [url] : [url, JSON.stringify(body)];
      return JSON.parse(await kubectl.run([...exec, '/scripts/ask.mjs', ...args]));
    },
    load: (url, { clients, words }) =>
      startLoad(kubectl, [...exec, '/scripts/load.mjs', url, `${clients}`, `${words}`]),
  };
}

/** Its end of standard input is what ends it: a signal to kubectl would not reach the Pod. */
async function startLoad({ kubeconfig, namespace }: Kubectl, args: readonly string[]): Promise<Load> {
  const all = ['--kubeconfig', kubeconfig, '--namespace', namespace, ...args];
  const child = spawn(requirePart('kubectl').path, all, { stdio: ['pipe', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdin.on('error', () => {});
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  const closed = once(child, 'close');
  while (!stdout.includes('started')) {
    const [first] = await Promise.race([once(child.stdout, 'data'), closed]);
    if (typeof first !== 'string') throw new Error(`the load ended before it began:\n${stderr}${stdout}`);
  }
  const stop = async (): Promise<LoadResult> => {
    child.stdin.end();
    await closed;
    const line = stdout.trim().split('\n').at(-1) ?? '';
    if (!line.startsWith('{')) throw new Error(`the load ended without a result:\n${stderr}${stdout}`);
    return JSON.parse(line);
  };
  return {
    stop,
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await closed;
    },
  };
}
