import { mkdir, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ApiServer, describeWithParts, helm, startApiServer, startEtcd, tempDir } from '../src/index.ts';
import { apiRequest } from '../src/kubernetes/request.ts';
import { isGone } from './gone.ts';

describeWithParts('startEtcd', ['etcd'], () => {
  test('keeps what it is given, and is gone after stop', async () => {
    await using etcd = await startEtcd();
    const base64 = (text: string) => Buffer.from(text).toString('base64');
    const call = async (what: string, body: object): Promise<unknown> => {
      const response = await fetch(`${etcd.url}/v3/kv/${what}`, {
        method: 'POST',
        body: JSON.stringify(body),
      });
      return response.json();
    };
    await call('put', { key: base64('a'), value: base64('1') });
    expect(await call('range', { key: base64('a') })).toMatchObject({ kvs: [{ value: base64('1') }] });
    await etcd.stop();
    expect(isGone(etcd.pid)).toBe(true);
  });
});

describeWithParts('startApiServer', ['etcd', 'kube-apiserver', 'helm'], () => {
  let server: ApiServer;
  beforeAll(async () => {
    server = await startApiServer();
  }, 90_000);
  afterAll(() => server?.stop());

  test('answers with its version, and only to who has the token', async () => {
    const { status, body } = await server.request('/version');
    expect(status).toBe(200);
    expect(body).toMatchObject({ major: '1', gitVersion: expect.stringMatching(/^v1\.\d+\.\d+$/) });
    const namespaces = '/api/v1/namespaces';
    expect((await server.request(namespaces)).status).toBe(200);
    expect((await apiRequest({ ...server, token: 'guessed' }, namespaces)).status).toBe(401);
  });

  test('stores what is valid and refuses what is not', async () => {
    const create = (name: string) =>
      server.request('/api/v1/namespaces', { method: 'POST', body: { metadata: { name } } });
    expect((await create('blue')).status).toBe(201);
    expect((await create('Not A Name')).status).toBe(422);
  });

  test('takes releases from Helm', async () => {
    await using dir = await tempDir('chart');
    await mkdir(dir.file('templates'));
    await writeFile(dir.file('Chart.yaml'), 'apiVersion: v2\nname: tiny\nversion: 0.1.0\n');
    const template =
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: "{{ .Release.Name }}"}\ndata: {a: b}\n';
    await writeFile(dir.file('templates/map.yaml'), template);
    const { kubeconfig } = server;
    const dryRun = await helm(['install', 'first', dir.path, '--dry-run=server'], { kubeconfig });
    expect(dryRun.stderr + dryRun.stdout).toContain('name: "first"');
    expect(dryRun.code).toBe(0);
    const install = await helm(['install', 'first', dir.path], { kubeconfig });
    expect(install.code, install.stderr).toBe(0);
    const { body } = await server.request('/api/v1/namespaces/default/configmaps/first');
    expect(body).toMatchObject({ data: { a: 'b' } });
  });

  test('says what is wrong with a flag, and is gone after stop', async () => {
    await expect(
      startApiServer({ etcdUrl: 'http://127.0.0.1:1', extraFlags: ['--nonsense'] }),
    ).rejects.toThrow(/unknown flag: --nonsense/);
    await server.stop();
    expect(isGone(server.pid)).toBe(true);
  });
});
