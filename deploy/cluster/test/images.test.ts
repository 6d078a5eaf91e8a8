import { createHash } from 'node:crypto';
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { waitFor } from '@inferometer/testkit';
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import { startBuildKit } from '../buildkit.ts';
import { kubectlFor } from '../kubectl.ts';
import { bases, buildCuda, buildService, serviceImage, workshop } from '../make-images.ts';

const shop = workshop(inject('workshop'));
const kubectl = kubectlFor(inject('kubeconfig'), 'inferometer-images');

interface Image {
  /** Hash of its configuration, which names its layers. */
  readonly FromImageID: string;
  readonly OCIv1: {
    readonly created: string;
    readonly config: Readonly<Record<string, unknown>> & {
      readonly Labels: Readonly<Record<string, string>>;
    };
    readonly rootfs: { readonly diff_ids: readonly string[] };
  };
}

async function inspect(image: string): Promise<Image> {
  return JSON.parse(await shop.buildah('inspect', '--type', 'image', image));
}

interface Sbom {
  readonly packages: readonly {
    readonly name: string;
    readonly versionInfo: string;
    readonly externalRefs: readonly { readonly referenceLocator: string }[];
  }[];
}

const purlsOf = ({ packages }: Sbom) =>
  packages.flatMap((it) => it.externalRefs.map((ref) => ref.referenceLocator));

/** Variables in any order; what builders add to labels is theirs. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.toSorted();
  if (typeof value !== 'object' || value === null) return value;
  const own = Object.entries(value).filter(([name]) => !name.startsWith('io.buildah'));
  return Object.fromEntries(own.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** Calls back with the folder that an image is mounted at. */
async function mounted<T>(image: string, look: (root: string) => Promise<T>): Promise<T> {
  const container = (await shop.buildah('from', '--pull-never', image)).trim();
  try {
    return await look((await shop.buildah('mount', container)).trim());
  } finally {
    await shop.buildah('rm', container);
  }
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((it) => !it.isDirectory())
    .map((it) => join(it.parentPath, it.name).slice(folder.length + 1));
}

describe('the image of the service', () => {
  test('says what it is, and starts as nobody', async () => {
    const { config } = (await inspect(serviceImage)).OCIv1;
    expect(config).toMatchObject({
      User: '65532:65532',
      Entrypoint: ['/usr/local/bin/node', '/app/packages/server/bin/inferometer.js', 'serve'],
    });
    const { version } = JSON.parse(
      await readFile(join(import.meta.dirname, '../../../packages/server/package.json'), 'utf8'),
    ) as { version: string };
    expect(config.Labels).toMatchObject({
      'org.opencontainers.image.title': 'Inferometer',
      'org.opencontainers.image.licenses': 'Apache-2.0',
      'org.opencontainers.image.version': version,
      'org.opencontainers.image.revision': expect.stringMatching(/^[0-9a-f]{40}(-dirty)?$/),
      'org.opencontainers.image.base.name': 'localhost/debian:bookworm-slim',
    });
  });

  test('holds what runs, and no development dependency, type, source or binary of another platform', async () => {
    await mounted(serviceImage, async (root) => {
      const files = await filesBelow(join(root, 'app'));
      expect(files).toContain('packages/server/dist/cli.js');
      expect(files).toContain('packages/server/dist/page/index.html');
      expect(files.filter((it) => /\.(?:[cm]?ts|map|tsbuildinfo)$/.test(it))).toEqual([]);
      const binaries = files.filter((it) => /\.(?:node|dll|dylib)$|\.so(?:\.|$)/.test(it));
      expect(binaries.length).toBeGreaterThan(0);
      expect(binaries.filter((it) => /darwin|win32|musl|arm64/.test(it))).toEqual([]);
      const installed = await readdir(join(root, 'app/node_modules'));
      for (const name of [
        'typescript',
        'vitest',
        'vite',
        'lerna',
        'nx',
        'node',
        '@biomejs',
        '@types',
        'openai',
      ])
        expect(installed).not.toContain(name);
      expect(await readdir(join(root, 'usr/local/bin'))).toEqual(['inferometer', 'node']);
      const modules = await filesBelow(join(root, 'usr/local/lib'));
      expect(modules).toEqual([]);
    });
  });

  test('carries its bill of materials: each package of npm that is there, and no other; the base; Node', async () => {
    await mounted(serviceImage, async (root) => {
      const text = await readFile(join(root, 'usr/share/sbom/inferometer.spdx.json'), 'utf8');
      expect(await readFile(join(shop.dir, 'sbom.json'), 'utf8')).toBe(text);
      const purls = purlsOf(JSON.parse(text) as Sbom);
      const manifests = (await filesBelow(join(root, 'app'))).filter((it) =>
        /(?:^|\/)(?:node_modules\/(?:@[^/]+\/)?|packages\/)[^/@]+\/package\.json$/.test(it),
      );
      const there = await Promise.all(
        manifests.map(async (it) => {
          const { name, version } = JSON.parse(await readFile(join(root, 'app', it), 'utf8'));
          return `pkg:npm/${name.replace('@', '%40')}@${version}`;
        }),
      );
      expect(there.length).toBeGreaterThan(100);
      expect(purls.filter((it) => it.startsWith('pkg:npm/')).sort()).toEqual([...new Set(there)].sort());
      expect(purls).toContain(`pkg:generic/node@${process.versions.node}`);
      expect(
        purls.filter((it) => /^pkg:deb\/debian\/(?:libc6|libstdc\+\+6|ca-certificates)@/.test(it)),
      ).toHaveLength(3);
    });
  });

  test('is small', async () => {
    const bytes = await sizeOf(serviceImage);
    console.log(
      `${serviceImage}: ${Math.round(bytes / 1e6)} MB, of which ${Math.round((await sizeOf('localhost/debian:bookworm-slim')) / 1e6)} MB are the base`,
    );
    // The base 84, Node 121, onnxruntime 46, the models 15, everything else 60.
    expect(bytes).toBeLessThan(360e6);
  });

  test('is the same when it is built again', { timeout: 900_000 }, async () => {
    await buildService(shop, 'localhost/again:test', join(shop.dir, 'again.json'));
    const [first, second] = [await inspect(serviceImage), await inspect('localhost/again:test')];
    expect(second.OCIv1.rootfs).toEqual(first.OCIv1.rootfs);
    expect(second.FromImageID).toBe(first.FromImageID);
  });

  test('is built by BuildKit too, with the same content', { timeout: 900_000 }, async () => {
    const { created, config } = (await inspect(serviceImage)).OCIv1;
    await using buildkit = await startBuildKit(shop);
    const archive = await buildkit.build(bases, {
      SOURCE_DATE_EPOCH: String(Date.parse(created) / 1_000),
      VERSION: config.Labels['org.opencontainers.image.version'] ?? '',
      REVISION: config.Labels['org.opencontainers.image.revision'] ?? '',
    });
    const name = (await shop.buildah('pull', '--quiet', `oci-archive:${archive}`)).trim();
    const theirConfig = (await inspect(name)).OCIv1.config;
    for (const field of ['User', 'Entrypoint', 'Env', 'Labels', 'ExposedPorts', 'WorkingDir'])
      expect.soft(sorted(theirConfig[field]), field).toEqual(sorted(config[field]));
    const [ours, theirs] = [await contentOf(serviceImage), await contentOf(name)];
    expect(ours.size).toBeGreaterThan(1_000);
    expect([...theirs].filter(([file, hash]) => ours.get(file) !== hash)).toEqual([]);
    expect(theirs.size).toBe(ours.size);
  });
});

/** A hash of all that the image has on top of its base: paths, modes, links and contents. */
async function contentOf(image: string): Promise<ReadonlyMap<string, string>> {
  return mounted(image, async (root) => {
    const found = new Map<string, string>();
    for (const folder of ['app', 'usr/local', 'usr/share/sbom']) {
      for (const file of (await filesBelow(join(root, folder))).map((it) => join(folder, it))) {
        const { mode, mtimeMs } = await lstat(join(root, file));
        const isLink = (mode & 0o170000) === 0o120000;
        const content = isLink ? await readlink(join(root, file)) : await readFile(join(root, file));
        const hash = createHash('sha256').update(content).digest('hex');
        found.set(file, `${mode.toString(8)} ${isLink ? '' : mtimeMs} ${hash}`);
      }
    }
    return found;
  });
}

/** Bytes of all layers, not compressed. */
async function sizeOf(image: string): Promise<number> {
  const [entry] = JSON.parse(await shop.buildah('images', '--json', image)) as [{ size: string }];
  const [, number, unit = 'B'] = /^([\d.]+) ?([KMG]?B)$/i.exec(entry.size) ?? [];
  return Number(number) * { B: 1, KB: 1e3, MB: 1e6, GB: 1e9 }[unit.toUpperCase() as 'B'];
}

describe('the image in a container', () => {
  beforeAll(async () => {
    await kubectl.run(['create', 'namespace', kubectl.namespace]);
    await kubectl.run([
      'label',
      'namespace',
      kubectl.namespace,
      'pod-security.kubernetes.io/enforce=restricted',
    ]);
    await waitFor(
      'the service account of the namespace',
      async () => (await kubectl.attempt(['get', 'serviceaccount', 'default'])).code === 0,
    );
  });
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') console.error(`== ${task.name}\n${await kubectl.report()}`);
  });
  afterAll(async () => {
    await kubectl.run(['delete', 'namespace', kubectl.namespace, '--timeout=60s']);
  });

  test('serves with nothing to write to, and ends by itself when it is told to', async () => {
    await kubectl.apply(
      (await readFile(join(import.meta.dirname, '../manifests/bare.yaml'), 'utf8')).replace(
        '@IMAGE@',
        serviceImage,
      ),
    );
    await kubectl.run(['wait', '--for=condition=Ready', 'pod/bare', '--timeout=150s']);
    const script = `
      const body = JSON.stringify({ inputs: 'read only' });
      const headers = { 'content-type': 'application/json' };
      const answer = await fetch('http://127.0.0.1:8080/embed', { method: 'POST', headers, body });
      const metrics = await (await fetch('http://127.0.0.1:9464/metrics')).text();
      const counted = /inference_request_duration_seconds_count\\{[^}]*\\} 1\\n/.test(metrics);
      process.stdout.write(JSON.stringify({ status: answer.status, counted, uid: process.getuid() }));`;
    const said = await kubectl.run(['exec', 'bare', '--', 'node', '--input-type=module', '-e', script]);
    expect(JSON.parse(said)).toEqual({ status: 200, counted: true, uid: 65532 });
    await kubectl.run(['exec', 'bare', '--', 'node', '-e', 'process.kill(1, "SIGTERM")']);
    const phase = '{.status.phase} {.status.containerStatuses[0].state.terminated.exitCode}';
    await waitFor(
      'the container to end with 0',
      async () => {
        const now = await kubectl.run(['get', 'pod', 'bare', '-o', `jsonpath=${phase}`]);
        return now === 'Succeeded 0';
      },
      { timeoutMs: 60_000, intervalMs: 500 },
    );
  });
});

describe('the image for GPUs', () => {
  test('has the CUDA provider where onnxruntime-node looks for it, and lists it', {
    timeout: 900_000,
  }, async () => {
    const name = 'localhost/inferometer:test-cuda';
    await buildCuda(shop, name, join(shop.dir, 'cuda.json'));
    await mounted(name, async (root) => {
      const folder = join(root, 'app/node_modules/onnxruntime-node/bin/napi-v6/linux/x64');
      expect((await readdir(folder)).sort()).toEqual([
        'libonnxruntime.so.1',
        'libonnxruntime_providers_cuda.so',
        'libonnxruntime_providers_shared.so',
        'onnxruntime_binding.node',
      ]);
    });
    const purls = purlsOf(JSON.parse(await readFile(join(shop.dir, 'cuda.json'), 'utf8')) as Sbom);
    expect(purls.filter((it) => it.startsWith('pkg:pypi/onnxruntime-gpu@'))).toHaveLength(1);
    expect(new Set(purls).size).toBe(purls.length);
    expect(purls.filter((it) => it.startsWith('pkg:deb/debian/libc6@'))).toHaveLength(1);
    expect((await inspect(name)).OCIv1.config).toMatchObject({
      User: '65532:65532',
      Env: expect.arrayContaining(['INFEROMETER_DEVICE=cuda']),
    });
    // The local base has no CUDA: that the provider asks for it shows that it was found, loaded and fits its onnxruntime.
    const container = (await shop.buildah('from', '--pull-never', name)).trim();
    const serve = ['/usr/local/bin/node', '/app/packages/server/bin/inferometer.js', 'serve', '--port', '0'];
    const { code, stderr } = await shop.attempt('run', container, '--', ...serve, '--metrics-port', 'off');
    await shop.buildah('rm', container);
    expect(stderr).toMatch(/libonnxruntime_providers_cuda\.so needs libcu\w+\.so\.\d+/);
    expect(code).not.toBe(0);
  });
});
