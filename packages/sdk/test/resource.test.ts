import { mkdir, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { detectResource, type ResourceOptions, readConfig } from '@inferometer/sdk';
import { type TempDir, tempDir } from '@inferometer/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';

let dir: TempDir;
beforeAll(async () => {
  dir = await tempDir('resource');
});
afterAll(() => dir[Symbol.asyncDispose]());

async function write(path: string, text: string): Promise<string> {
  const file = dir.file(path);
  await mkdir(file.slice(0, file.lastIndexOf('/')), { recursive: true });
  await writeFile(file, text);
  return file;
}

/** What is found in an environment, by a script that no package.json is near. */
const attributesIn = (env: Record<string, string>, options: Partial<ResourceOptions> = {}) =>
  detectResource(readConfig(env).resource, {
    distroVersion: '1.2.3',
    env,
    script: '/nowhere/app.js',
    directory: '/nowhere',
    ...options,
  }).settled();

test('says who runs where, without the arguments of the command', async () => {
  const attributes = await attributesIn({});
  expect(attributes).toMatchObject({
    'telemetry.distro.name': 'inferometer',
    'telemetry.distro.version': '1.2.3',
    'telemetry.sdk.name': 'opentelemetry',
    'telemetry.sdk.language': 'nodejs',
    'host.name': hostname(),
    'os.type': process.platform,
    'process.pid': process.pid,
    'process.runtime.name': 'nodejs',
    'process.runtime.version': process.versions.node,
    'service.instance.id': expect.stringMatching(/^[0-9a-f-]{36}$/),
    'service.name': expect.stringMatching(/^unknown_service:/),
  });
  expect(attributes).not.toHaveProperty(['process.command_args']);
  expect(await attributesIn({ INFEROMETER_COMMAND_ARGS: '1' })).toHaveProperty(['process.command_args']);
});

test('the service is named by the package.json nearest to the main script', async () => {
  await write('app/package.json', '{"name": "embedder", "version": "4.5.6"}');
  // Compilers put such a file beside their output.
  await write('app/dist/esm/package.json', '{"type": "module"}');
  const script = dir.file('app/dist/esm/main.js');
  expect(await attributesIn({}, { script })).toMatchObject({
    'service.name': 'embedder',
    'service.version': '4.5.6',
  });
  const runner = await write('app/node_modules/runner/cli.js', '');
  await write('app/node_modules/runner/package.json', '{"name": "runner", "version": "1.0.0"}');
  expect(await attributesIn({}, { script: runner, directory: dir.file('app/dist') })).toMatchObject({
    'service.name': 'embedder',
  });
  const own = await attributesIn({}, { script, service: { name: 'caller' } });
  expect(own).toMatchObject({ 'service.name': 'caller', 'service.version': '4.5.6' });
});

test('the environment wins over what is detected, OTEL_SERVICE_NAME over all', async () => {
  const env = {
    OTEL_RESOURCE_ATTRIBUTES:
      'service.name=listed,service.version=9,host.name=mine,team=search,telemetry.distro.name=other',
  };
  const options = { service: { name: 'caller', version: '1' } };
  expect(await attributesIn(env, options)).toMatchObject({
    'service.name': 'listed',
    'service.version': '9',
    'host.name': 'mine',
    team: 'search',
    'telemetry.distro.name': 'inferometer',
  });
  expect(await attributesIn({ ...env, OTEL_SERVICE_NAME: 'named' }, options)).toMatchObject({
    'service.name': 'named',
  });
});

test('detectors can be chosen', async () => {
  const none = await attributesIn({ OTEL_NODE_RESOURCE_DETECTORS: 'none' });
  expect(Object.keys(none).filter((key) => !/^(service|telemetry)\./.test(key))).toEqual([]);
  const os = Object.keys(await attributesIn({ OTEL_NODE_RESOURCE_DETECTORS: 'os' }));
  expect(os).toContain('os.type');
  expect(os).not.toContain('host.name');
});

test('attributes can be left out by patterns, except for those that are said', async () => {
  const config = readConfig({ OTEL_RESOURCE_ATTRIBUTES: 'process.note=kept' }).resource;
  const { resource } = detectResource(
    { ...config, detectors: ['process', 'os'], excluded: ['process.runtime.*', 'os.versio?'] },
    { distroVersion: '1', env: {} },
  );
  const keys = Object.keys(resource.attributes);
  expect(keys).toEqual(expect.arrayContaining(['process.pid', 'process.note', 'os.type']));
  expect(keys).not.toContain('process.runtime.name');
  expect(keys).not.toContain('os.version');
  const only = detectResource(
    { ...config, detectors: ['process', 'os'], included: ['os.*'] },
    { distroVersion: '1', env: {} },
  ).resource.attributes;
  expect(only).toHaveProperty(['os.type']);
  expect(only).not.toHaveProperty(['process.pid']);
});

test('a Pod knows itself by the downward API', async () => {
  const labels = await write('podinfo/labels', 'app.kubernetes.io/name="inferometer"\ntier="gpu \\"a\\""\n');
  const env = {
    KUBERNETES_SERVICE_HOST: '10.0.0.1',
    K8S_POD_UID: 'u-1',
    POD_NAMESPACE: 'models',
    NODE_NAME: 'node-a',
    K8S_DEPLOYMENT_NAME: 'embedder',
    K8S_CONTAINER_NAME: 'server',
    INFEROMETER_PODINFO: labels,
  };
  const attributes = await attributesIn(env);
  expect(attributes).toMatchObject({
    // By its host name.
    'k8s.pod.name': hostname(),
    'k8s.pod.uid': 'u-1',
    'k8s.namespace.name': 'models',
    'k8s.node.name': 'node-a',
    'k8s.deployment.name': 'embedder',
    'k8s.container.name': 'server',
    'k8s.pod.label.app.kubernetes.io/name': 'inferometer',
    'k8s.pod.label.tier': 'gpu "a"',
  });
  expect(await attributesIn({ ...env, K8S_POD_NAME: 'embedder-0', POD_NAME: 'other' })).toMatchObject({
    'k8s.pod.name': 'embedder-0',
  });
});

test('outside of Kubernetes its variables mean nothing', async () => {
  const keys = Object.keys(await attributesIn({ NODE_NAME: 'x', POD_NAME: 'y' }));
  expect(keys.filter((key) => key.startsWith('k8s.'))).toEqual([]);
});
