import { cp, mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type PartName, type RunResult, requirePart, runProgram } from '@inferometer/testkit';
import { mustRun } from './must-run.ts';

const root = join(import.meta.dirname, '../..');
const images = join(root, 'deploy/images');

/** Where images are built: storage of buildah apart from the machine's own. */
export interface Workshop {
  readonly dir: string;
  /** Of `buildah` and of the scripts in deploy/images. */
  readonly env: Readonly<Record<string, string>>;
  /** `buildah ARG…` in that storage. */
  buildah(...args: string[]): Promise<string>;
  /** The same, whatever code it ends with. */
  attempt(...args: string[]): Promise<RunResult>;
}

export const serviceImage = 'localhost/inferometer:test';

export function workshop(dir: string): Workshop {
  const storage = [
    '--root',
    join(dir, 'storage'),
    '--runroot',
    join(dir, 'run'),
    '--storage-driver',
    'overlay',
  ];
  const env = {
    BUILDAH_OPTIONS: storage.join(' '),
    BUILDAH_ISOLATION: 'chroot',
    // Networks that have a certificate of their own have it among the system's.
    INFEROMETER_CA: '/etc/ssl/certs/ca-certificates.crt',
  };
  return {
    dir,
    env,
    buildah: (...args) => mustRun('buildah', [...storage, ...args], { env, timeoutMs: 300_000 }),
    attempt: (...args) => runProgram('buildah', [...storage, ...args], { env, timeoutMs: 300_000 }),
  };
}

/** Takes away what buildah leaves mounted below its storage: a folder that is a mount point cannot be removed. */
export async function unmountStorage({ dir }: Workshop): Promise<void> {
  const mounts = (await readFile('/proc/self/mounts', 'utf8'))
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((path) => path.startsWith(`${dir}/`));
  for (const path of mounts.reverse()) await mustRun('umount', [path], { timeoutMs: 30_000 });
}

/** Stand-ins for the images that cannot be pulled here: see deploy/images/local-bases.sh. */
export async function makeBases({ env }: Workshop): Promise<void> {
  await mustRun(join(images, 'local-bases.sh'), [], { env, timeoutMs: 300_000 });
}

/** Arguments of the Dockerfile. */
export const bases = {
  BASE: 'localhost/debian:bookworm-slim',
  NODE_BASE: 'localhost/node:24-bookworm-slim',
} as const;

/** Builds the service by its Dockerfile on the local bases. */
export async function buildService({ env }: Workshop, name: string, sbom: string): Promise<void> {
  const args = Object.entries(bases).flatMap(([name, image]) => ['--build-arg', `${name}=${image}`]);
  await mustRun(
    join(images, 'build.sh'),
    ['--builder', 'buildah', '--sbom', sbom, name, '--pull-never', ...args],
    {
      env,
      timeoutMs: 900_000,
    },
  );
}

/** Whether an image is in that storage. */
export async function isBuilt(shop: Workshop, name: string): Promise<boolean> {
  return shop.buildah('inspect', '--type', 'image', name).then(
    () => true,
    () => false,
  );
}

/** Builds the variant with CUDA upon `serviceImage`, on the local base instead of NVIDIA's. */
export async function buildCuda({ env }: Workshop, name: string, sbom: string): Promise<void> {
  const args = [`BASE=${bases.BASE}`, `SERVICE=${serviceImage}`];
  if (process.env.PIP_INDEX_URL) args.push(`PYTHON_INDEX=${process.env.PIP_INDEX_URL}`);
  const all = args.flatMap((it) => ['--build-arg', it]);
  await mustRun(
    join(images, 'build.sh'),
    ['--cuda', '--builder', 'buildah', '--sbom', sbom, name, '--pull-never', ...all],
    { env, timeoutMs: 900_000 },
  );
}

/** Writes an image as an archive that container runtimes import. */
export async function exportImage(shop: Workshop, name: string, file: string): Promise<string> {
  await rm(file, { force: true });
  await shop.buildah('push', '--quiet', name, `docker-archive:${file}:${name}`);
  return file;
}

/** An image of one program of `npm run parts`, which is linked statically. @returns its archive */
export async function imageOfPart(name: PartName, dir: string): Promise<string> {
  const folder = join(dir, name);
  const file = join(dir, `${name}.tar`);
  await mkdir(join(folder, 'bin'), { recursive: true });
  await cp(requirePart(name).path, join(folder, 'bin', name));
  await rm(file, { force: true });
  const user = ['-u', '65532:65532'];
  await mustRun(join(root, 'tools/cluster/mkimage.sh'), [
    ...[...user, '-o', file],
    ...[`localhost/${name}:test`, folder, `/bin/${name}`],
  ]);
  return file;
}
