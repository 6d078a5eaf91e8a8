import { readdir } from 'node:fs/promises';
import { type ApiServer, describeWithParts, helm, startApiServer, tempDir } from '@inferometer/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createNamespace, objectsOf } from './api-server.ts';
import { chartDir, complaints, type KubernetesObject, layouts, render, valuesFile } from './chart.ts';

/** A Kubernetes for both: Helm 3 goes by the version that it was built with. */
const args = ['--kube-version', '1.34.2'];

describeWithParts('the chart with Helm 3', ['helm', 'helm3', 'etcd', 'kube-apiserver'], () => {
  let api: ApiServer;
  beforeAll(async () => {
    api = await startApiServer();
  }, 120_000);
  afterAll(() => api?.stop());

  test.each(layouts)('has the same objects: %s', async (layout) => {
    const [three, four] = await Promise.all(
      (['helm3', 'helm'] as const).map((part) => render(layout, { args, part })),
    );
    expect(byName(three ?? [])).toEqual(byName(four ?? []));
  });

  test('installs from a package, upgrades and uninstalls, without a warning', async () => {
    await using dir = await tempDir('helm3');
    const namespace = 'helm3';
    await createNamespace(api, namespace);
    const run = async (...command: string[]): Promise<void> => {
      const { code, stderr } = await helm([...command, '--namespace', namespace], {
        kubeconfig: api.kubeconfig,
        part: 'helm3',
      });
      expect({ code, said: complaints(stderr) }).toEqual({ code: 0, said: '' });
    };
    await run('package', chartDir, '--destination', dir.path);
    const [file] = await readdir(dir.path);
    const packaged = dir.file(file as string);
    await run('install', 'inferometer', packaged);
    const installed = await objectsOf(api, namespace, 'inferometer');
    expect(installed.length).toBeGreaterThan(20);
    await run('upgrade', 'inferometer', packaged, '--values', valuesFile('secrets'));
    await run('rollback', 'inferometer', '1');
    expect(await objectsOf(api, namespace, 'inferometer')).toEqual(installed);
    await run('uninstall', 'inferometer');
    expect(await objectsOf(api, namespace, 'inferometer')).toEqual([]);
  }, 240_000);
});

/** Objects by kind and name, without the password that each rendering makes anew. */
function byName(objects: readonly KubernetesObject[]): Record<string, unknown> {
  return Object.fromEntries(
    objects.map((object) => {
      const { data, ...rest } = object;
      const name = `${object.kind}/${object.metadata.name}`;
      return [name, object.kind === 'Secret' ? { ...rest, keys: Object.keys(data) } : object];
    }),
  );
}
