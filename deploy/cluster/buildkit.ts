import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type RunningProcess, requirePart, startProcess } from '@inferometer/testkit';
import type { Workshop } from './make-images.ts';
import { mustRun } from './must-run.ts';

const root = join(import.meta.dirname, '../..');

/** BuildKit's daemon, with runc and without an image registry. */
export interface BuildKit extends AsyncDisposable {
  /**
   * Builds deploy/images/Dockerfile on images of the workshop in the place of its bases.
   * @returns an archive of the image, in OCI's layout
   */
  build(
    bases: Readonly<Record<'BASE' | 'NODE_BASE', string>>,
    args: Readonly<Record<string, string>>,
  ): Promise<string>;
}

export async function startBuildKit(shop: Workshop): Promise<BuildKit> {
  const dir = join(shop.dir, 'buildkit');
  await mkdir(dir, { recursive: true });
  const address = `unix://${dir}/socket`;
  const daemon: RunningProcess = await startProcess({
    command: requirePart('buildkitd').path,
    args: [
      ...['--addr', address, '--root', join(dir, 'root'), '--oci-worker=true', '--containerd-worker=false'],
      // Needs no kernel module and no mount of its own, wherever the folder lies.
      ...['--oci-worker-snapshotter=native', '--oci-worker-net=host', '--oci-worker-gc=false'],
    ],
    env: { PATH: `${process.env.PATH}:/usr/sbin:/sbin` },
    ready: { output: /running server on/ },
  });
  return {
    async build(bases, args) {
      const file = join(dir, 'image.tar');
      const contexts = await Promise.all(
        Object.values(bases).map(async (image, index) => {
          const layout = join(dir, `base-${index}`);
          const digest = join(dir, `base-${index}.digest`);
          await shop.buildah('push', '--quiet', '--digestfile', digest, image, `oci:${layout}:base`);
          const hash = (await readFile(digest, 'utf8')).trim();
          return [
            ...['--oci-layout', `base${index}=${layout}`],
            ...['--opt', `context:${image}=oci-layout://base${index}@${hash}`],
          ];
        }),
      );
      const buildArgs = Object.entries({ ...bases, ...args }).flatMap(([name, value]) => [
        '--opt',
        `build-arg:${name}=${value}`,
      ]);
      await mustRun(
        requirePart('buildctl').path,
        [
          ...['--addr', address, 'build', '--progress', 'plain', '--frontend', 'dockerfile.v0'],
          ...['--local', `context=${root}`, '--local', `dockerfile=${join(root, 'deploy/images')}`],
          ...contexts.flat(),
          ...buildArgs,
          ...['--secret', `id=ca,src=${shop.env.INFEROMETER_CA}`],
          ...['--output', `type=oci,dest=${file},rewrite-timestamp=true`],
        ],
        { timeoutMs: 900_000 },
      );
      return file;
    },
    async [Symbol.asyncDispose]() {
      await daemon.stop();
    },
  };
}
