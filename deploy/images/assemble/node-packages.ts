import { readFileSync } from 'node:fs';
import type { Package } from './bill-of-materials.ts';

/** A package of npm, where it lies. */
export interface InstalledPackage extends Package {
  /** `node_modules/express`, `packages/core` */
  readonly path: string;
  readonly isWorkspace: boolean;
}

interface Entry {
  readonly name?: string;
  readonly version?: string;
  readonly license?: string;
  readonly integrity?: string;
  readonly link?: boolean;
}

/**
 * What npm installed, in order of path, by the list that it leaves in `node_modules`. Not `npm sbom`: that refuses a
 * tree which lacks the workspaces and the development dependencies that were left out on purpose.
 */
export function installedPackages(lockFile: string): InstalledPackage[] {
  const { packages } = JSON.parse(readFileSync(lockFile, 'utf8')) as { packages: Record<string, Entry> };
  return Object.entries(packages)
    .filter(([, entry]) => entry.link !== true)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([path, entry]) => {
      const name = entry.name ?? path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
      const version = entry.version ?? '0.0.0';
      return {
        path,
        isWorkspace: !path.includes('node_modules/'),
        name,
        version,
        license: entry.license,
        purl: `pkg:npm/${name.replace('@', '%40')}@${version}`,
        sha512: entry.integrity?.startsWith('sha512-')
          ? Buffer.from(entry.integrity.slice('sha512-'.length), 'base64').toString('hex')
          : undefined,
      };
    });
}

export function nodePackage(version: string): Package {
  return { name: 'node', version, license: 'MIT', purl: `pkg:generic/node@${version}`, sha512: undefined };
}
