import { chmod, lstat, mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tempDir } from '@inferometer/testkit';
import { describe, expect, test } from 'vitest';
import { billOfMaterials, packagesOf } from '../../images/assemble/bill-of-materials.ts';
import { debianPackages } from '../../images/assemble/debian-packages.ts';
import { isShipped } from '../../images/assemble/is-shipped.ts';
import { installedPackages, nodePackage } from '../../images/assemble/node-packages.ts';
import { normalise } from '../../images/assemble/normalise.ts';

const target = { arch: 'x64', workspaces: [{ path: 'packages/server', files: ['bin', 'dist', 'models'] }] };

describe('what is shipped', () => {
  test.each([
    'node_modules',
    'node_modules/express/index.js',
    'node_modules/express/LICENSE',
    'node_modules/inferometer',
    'node_modules/onnxruntime-node/bin/napi-v6',
    'node_modules/onnxruntime-node/bin/napi-v6/linux/x64/libonnxruntime.so.1',
    'node_modules/@koromix/koffi-linux-x64/linux_x64/koffi.node',
    'packages',
    'packages/server',
    'packages/server/package.json',
    'packages/server/bin/inferometer.js',
    'packages/server/dist/http/app.js',
    'packages/server/models/nickname-lm/model.onnx',
    'packages/server/node_modules/commander/index.js',
  ])('%s', (path) => {
    expect(isShipped(path, target)).toBe(true);
  });

  test.each([
    'node_modules/@types/node/package.json',
    'node_modules/.package-lock.json',
    'node_modules/zod/index.d.cts',
    'node_modules/zod/src/index.ts',
    'node_modules/zod/index.js.map',
    'node_modules/onnxruntime-node/bin/napi-v6/linux/arm64/libonnxruntime.so.1',
    'node_modules/onnxruntime-node/bin/napi-v6/win32/x64/DirectML.dll',
    'node_modules/onnxruntime-node/bin/napi-v6/darwin',
    'node_modules/@koromix/koffi-linux-x64/musl_x64/koffi.node',
    'packages/bench/dist/cli.js',
    'packages/server/src/cli.ts',
    'packages/server/test/serving.ts',
    'packages/server/README.md',
    'packages/server-extra/dist/index.js',
    'packages/server/dist/index.d.ts',
    'packages/server/dist/.tsbuildinfo',
  ])('not %s', (path) => {
    expect(isShipped(path, target)).toBe(false);
  });
});

describe('the bill of materials', () => {
  test('lists what npm installed, aliases by their real name, without links', async () => {
    await using dir = await tempDir('lock');
    const file = dir.file('lock.json');
    const packages = {
      'node_modules/inferometer': { resolved: 'packages/server', link: true },
      'node_modules/express4': { name: 'express', version: '4.22.3', license: 'MIT' },
      'node_modules/a/node_modules/@scope/b': { version: '1.0.0', integrity: 'sha512-q80=' },
      'packages/server': { name: 'inferometer', version: '0.1.0', license: 'Apache-2.0' },
    };
    await writeFile(file, JSON.stringify({ packages }));
    const found = installedPackages(file);
    expect(found.map((it) => [it.purl, it.isWorkspace])).toEqual([
      ['pkg:npm/%40scope/b@1.0.0', false],
      ['pkg:npm/express@4.22.3', false],
      ['pkg:npm/inferometer@0.1.0', true],
    ]);
    expect(found[0]?.sha512).toBe('abcd');
  });

  test("lists a base's installed packages, of dpkg's status and of a distroless status.d", async () => {
    await using dir = await tempDir('base');
    await mkdir(dir.file('dpkg'));
    await writeFile(dir.file('os-release'), 'ID=debian\nVERSION_ID="12"\n');
    const status = [
      'Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nVersion: 2.36-9+deb12u14\nDescription: C\n Package: trap',
      'Package: gone\nStatus: deinstall ok config-files\nArchitecture: amd64\nVersion: 1',
    ];
    await writeFile(dir.file('dpkg/status'), `${status.join('\n\n')}\n`);
    await writeFile(dir.file('dpkg/tzdata'), 'Package: tzdata\nArchitecture: all\nVersion: 2026a-0\n');
    await writeFile(dir.file('dpkg/status-old'), 'Package: old\nArchitecture: all\nVersion: 1\n');
    expect(debianPackages(dir.path).map((it) => it.purl)).toEqual([
      'pkg:deb/debian/libc6@2.36-9%2Bdeb12u14?arch=amd64&distro=debian-12',
      'pkg:deb/debian/tzdata@2026a-0?arch=all&distro=debian-12',
    ]);
  });

  test('is SPDX 2.3, the same for the same packages, another one for others, and can be read back', () => {
    const node = nodePackage('24.21.0');
    const odd = {
      ...node,
      purl: 'pkg:npm/odd@1.0.0',
      name: 'odd',
      license: 'SEE LICENSE IN file',
      sha512: 'abcd',
    };
    const document = billOfMaterials([node, odd], 1_700_000_000);
    expect(billOfMaterials([node, odd], 1_700_000_000)).toBe(document);
    expect(billOfMaterials([node, odd, odd], 1_700_000_000)).toBe(document);
    const parsed = JSON.parse(document);
    expect(parsed).toMatchObject({
      spdxVersion: 'SPDX-2.3',
      SPDXID: 'SPDXRef-DOCUMENT',
      creationInfo: { created: '2023-11-14T22:13:20Z' },
    });
    const ids = parsed.packages.map((it: { SPDXID: string }) => it.SPDXID);
    expect(new Set(ids).size).toBe(2);
    expect(parsed.documentDescribes).toEqual(ids);
    expect(parsed.packages.map((it: { licenseDeclared: string }) => it.licenseDeclared)).toEqual([
      'MIT',
      'NOASSERTION',
    ]);
    expect(JSON.parse(billOfMaterials([node], 1_700_000_000)).documentNamespace).not.toBe(
      parsed.documentNamespace,
    );
    expect(packagesOf(document)).toEqual([node, { ...odd, license: undefined }]);
  });
});

test('files get one time and one of two modes, links their own time', async () => {
  await using dir = await tempDir('normalise');
  await mkdir(join(dir.path, 'a/b'), { recursive: true });
  await writeFile(dir.file('a/b/run'), '#!');
  await chmod(dir.file('a/b/run'), 0o700);
  await writeFile(dir.file('a/read'), '');
  await chmod(dir.file('a/read'), 0o666);
  await symlink('/nowhere', dir.file('a/link'));
  normalise(dir.path, 86_400);
  const modes = await Promise.all(
    ['a', 'a/b/run', 'a/read'].map(async (it) => (await stat(dir.file(it))).mode & 0o777),
  );
  expect(modes).toEqual([0o755, 0o755, 0o644]);
  const times = await Promise.all(
    ['a', 'a/b/run', 'a/link'].map(async (it) => (await lstat(dir.file(it))).mtimeMs),
  );
  expect(times).toEqual([86_400_000, 86_400_000, 86_400_000]);
});

test("the pinned CUDA provider is of onnxruntime-node's release, and every workspace's manifest reaches the image", async () => {
  const root = join(import.meta.dirname, '../../..');
  const json = async (file: string) => JSON.parse(await readFile(join(root, file), 'utf8'));
  const { version, wheel } = await json('deploy/images/cuda/provider.json');
  expect((await json('packages/engine/package.json')).dependencies['onnxruntime-node']).toBe(version);
  expect(wheel).toContain(`-${version}-`);
  // `npm ci` refuses a lock file whose workspaces are not all there.
  const ignore = await readFile(join(root, 'deploy/images/Dockerfile.dockerignore'), 'utf8');
  for (const pattern of (await json('package.json')).workspaces as string[]) {
    const allowed =
      pattern === 'packages/*' ? '!packages/**' : `!${pattern.replace(/^tools\/.*/, 'tools/*')}/package.json`;
    expect(ignore).toContain(`${allowed}\n`);
  }
});
