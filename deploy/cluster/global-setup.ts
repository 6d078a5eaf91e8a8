import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { howToGet, isCi, missingParts, type PartName, type TempDir, tempDir } from '@inferometer/testkit';
import type { TestProject } from 'vitest/node';
import { bringUp } from './bring-up.ts';
import {
  buildService,
  exportImage,
  imageOfPart,
  isBuilt,
  makeBases,
  serviceImage,
  unmountStorage,
  workshop,
} from './make-images.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Path of the kubeconfig file of the cluster. */
    readonly kubeconfig: string;
    /** Folder of the images that have been built: see `workshop`. */
    readonly workshop: string;
  }
}

/** Programs that become images. */
const servers: readonly PartName[] = ['prometheus', 'otelcol', 'prometheus-adapter'];
const cluster: readonly PartName[] = [
  ...([
    'etcd',
    'kube-apiserver',
    'kube-controller-manager',
    'kube-scheduler',
    'kubelet',
    'kube-proxy',
  ] as const),
  ...(['coredns', 'pause', 'containerd'] as const),
];

/** Brings a cluster up while the images are made, and takes it down after the last test. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const needed = process.env.KUBECONFIG ? servers : [...servers, ...cluster];
  const missing = missingParts([
    ...needed,
    'kubectl',
    'helm',
    'buildah',
    'buildkitd',
    'buildctl',
    'debian-base',
  ]);
  if (missing.length > 0)
    throw new Error(
      `parts are missing${isCi() ? ', and under CI that is a failure' : ''}:\n${missing.map(howToGet).join('\n')}`,
    );

  const kept = process.env.CLUSTER_IMAGES;
  const dir = kept ? undefined : await tempDir('images');
  const folder = kept ? resolve(kept) : (dir as TempDir).path;
  await mkdir(folder, { recursive: true });
  const shop = workshop(folder);
  const coming = bringUp();
  try {
    await makeBases(shop);
    if (!kept || !(await isBuilt(shop, serviceImage)))
      await buildService(shop, serviceImage, join(folder, 'sbom.json'));
    const running = await coming;
    await running.load(await exportImage(shop, serviceImage, join(folder, 'service.tar')));
    for (const part of servers) await running.load(await imageOfPart(part, join(folder, 'parts')));
    project.provide('kubeconfig', running.kubeconfig);
    project.provide('workshop', folder);
  } catch (error) {
    await coming.then((it) => it.down()).catch(() => {});
    await unmountStorage(shop).catch(() => {});
    await dir?.[Symbol.asyncDispose]();
    throw error;
  }
  return async () => {
    await (await coming).down();
    await unmountStorage(shop);
    await dir?.[Symbol.asyncDispose]();
  };
}
