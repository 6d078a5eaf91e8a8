import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Where NVIDIA's library is, without opening it. */
export interface LibrarySearch {
  /** Path, or a name for the dynamic linker; undefined if it is not on this machine. */
  readonly library: string | undefined;
  /** Where it was looked for, in words. */
  readonly looked: string;
}

const name = 'libnvidia-ml.so.1';

/** Folders that the linker looks in by itself on one system or another. */
const linkerFolders = ['/lib', '/usr/lib', '/lib64', '/usr/lib64', '/usr/local/lib'].flatMap((folder) => [
  folder,
  `${folder}/x86_64-linux-gnu`,
  `${folder}/aarch64-linux-gnu`,
]);

/** Folders that it need not know of: device plugins of managed Kubernetes, WSL, NixOS. */
const otherFolders = [
  '/usr/local/nvidia/lib64',
  '/usr/local/nvidia/lib',
  '/usr/lib/wsl/lib',
  '/run/opengl-driver/lib',
];

/**
 * Looks for the library with a few looks at the file system, so that a host without a GPU pays for nothing more.
 * @param env `INFEROMETER_NVML_LIBRARY` names it, and is taken at its word; else `LD_LIBRARY_PATH` counts
 */
export function findNvml(env: Readonly<Record<string, string | undefined>>): LibrarySearch {
  const named = env.INFEROMETER_NVML_LIBRARY?.trim();
  if (named) return { library: named, looked: 'INFEROMETER_NVML_LIBRARY' };
  const folders = [...(env.LD_LIBRARY_PATH ?? '').split(delimiter).filter(Boolean), ...linkerFolders];
  const looked = `${name} in LD_LIBRARY_PATH, the linker's cache and its folders`;
  if (process.platform !== 'linux') return { library: undefined, looked: 'only looked for on Linux' };
  if (folders.some((folder) => existsSync(join(folder, name))) || isInCache())
    return { library: name, looked };
  const elsewhere = otherFolders.map((folder) => join(folder, name)).find((path) => existsSync(path));
  return { library: elsewhere, looked };
}

/** Whether the linker's cache has it, which is a list of names and paths in a binary file. */
function isInCache(): boolean {
  try {
    return readFileSync('/etc/ld.so.cache').includes(name);
  } catch {
    return false;
  }
}
