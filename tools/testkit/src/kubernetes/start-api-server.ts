import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { withFreePorts } from '../free-port.ts';
import { type Handle, handleOf } from '../handle.ts';
import { requirePart } from '../parts/find-part.ts';
import { startProcess } from '../process/start-process.ts';
import { type TempDir, tempDir } from '../temp-dir.ts';
import { type ApiRequest, type ApiResponse, apiRequest } from './request.ts';
import { startEtcd } from './start-etcd.ts';

export interface ApiServerOptions {
  /** URL of the etcd to keep its objects in. @default one of its own, stopped with it */
  readonly etcdUrl?: string;
  readonly extraFlags?: readonly string[];
}

export interface ApiServer extends Handle {
  /** `https://127.0.0.1:6443` */
  readonly url: string;
  /** Of an administrator. */
  readonly token: string;
  /** The certificate to trust, PEM. */
  readonly ca: string;
  /** Path of a kubeconfig file of that administrator. */
  readonly kubeconfig: string;
  /** One request as the administrator: `request('/api/v1/namespaces')`. Any status is a result. */
  request(path: string, options?: ApiRequest): Promise<ApiResponse>;
}

/**
 * Kubernetes' API server alone: objects are stored, validated and admitted as in a real cluster, but no controller
 * and no node acts on them.
 */
export async function startApiServer({
  etcdUrl,
  extraFlags = [],
}: ApiServerOptions = {}): Promise<ApiServer> {
  const { path } = requirePart('kube-apiserver');
  await using resources = new AsyncDisposableStack();
  const etcd = etcdUrl ?? resources.use(await startEtcd()).url;
  const dir = resources.use(await tempDir('kube-apiserver'));
  const token = randomBytes(16).toString('hex');
  await writeCredentials(dir, token);
  // It makes its own certificate and puts it there, with that of the authority that signed it.
  const readCa = () => readFile(dir.file('apiserver.crt'), 'utf8');
  const [running, url] = await withFreePorts(1, async ([port]) => {
    const url = `https://127.0.0.1:${port}`;
    const ready = {
      probe: async () => (await apiRequest({ url, token, ca: await readCa() }, '/readyz')).status === 200,
    };
    const args = [...flags(dir, etcd, port as number), ...extraFlags];
    return [await startProcess({ command: path, args, ready, readyTimeoutMs: 90_000 }), url] as const;
  });
  resources.use(running);
  const ca = await readCa();
  await writeFile(dir.file('kubeconfig'), kubeconfig(url, ca, token), { mode: 0o600 });
  return {
    ...handleOf(running, resources.move()),
    url,
    token,
    ca,
    kubeconfig: dir.file('kubeconfig'),
    request: (requestPath, options) => apiRequest({ url, token, ca }, requestPath, options),
  };
}

async function writeCredentials(dir: TempDir, token: string): Promise<void> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const secret = { mode: 0o600 };
  await writeFile(dir.file('tokens.csv'), `${token},admin,admin,system:masters\n`, secret);
  await writeFile(dir.file('accounts.key'), privateKey.export({ type: 'sec1', format: 'pem' }), secret);
}

function flags(dir: TempDir, etcd: string, port: number): string[] {
  return [
    '--bind-address=127.0.0.1',
    '--advertise-address=127.0.0.1',
    `--secure-port=${port}`,
    `--cert-dir=${dir.path}`,
    `--etcd-servers=${etcd}`,
    `--token-auth-file=${dir.file('tokens.csv')}`,
    '--authorization-mode=RBAC',
    '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
    `--service-account-key-file=${dir.file('accounts.key')}`,
    `--service-account-signing-key-file=${dir.file('accounts.key')}`,
    '--service-cluster-ip-range=10.96.0.0/24',
    // Endpoints on the loopback interface are not valid, and nobody looks for them.
    '--endpoint-reconciler-type=none',
    // Pods could not be created: nobody makes the service accounts that it asks for.
    '--disable-admission-plugins=ServiceAccount',
    '--allow-privileged=true',
  ];
}

function kubeconfig(url: string, ca: string, token: string): string {
  const cluster = { server: url, 'certificate-authority-data': Buffer.from(ca).toString('base64') };
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster }],
    users: [{ name: 'admin', user: { token } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'admin' } }],
    'current-context': 'test',
  });
}
