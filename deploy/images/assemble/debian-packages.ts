import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Package } from './bill-of-materials.ts';

/**
 * The packages of a Debian-like base, in order of name.
 * @param base folder with `os-release` and `dpkg/`, which holds dpkg's `status` or the files of its `status.d`
 */
export function debianPackages(base: string): Package[] {
  const system = fields(readFileSync(join(base, 'os-release'), 'utf8'), '=');
  const id = system.get('ID') ?? 'debian';
  const distro = `${id}-${system.get('VERSION_ID') ?? 'unknown'}`;
  return readdirSync(join(base, 'dpkg'), { withFileTypes: true })
    .filter((it) => it.isFile() && !/(?:-old|\.md5sums)$/.test(it.name))
    .flatMap((it) => readFileSync(join(base, 'dpkg', it.name), 'utf8').split(/\n{2,}/))
    .flatMap((paragraph) => packageOf(fields(paragraph, ':'), id, distro))
    .sort((a, b) => (a.purl < b.purl ? -1 : 1));
}

function packageOf(entry: ReadonlyMap<string, string>, id: string, distro: string): Package[] {
  const [name, version, arch] = ['Package', 'Version', 'Architecture'].map((it) => entry.get(it));
  const isInstalled = (entry.get('Status') ?? 'install ok installed').endsWith(' installed');
  if (name === undefined || version === undefined || !isInstalled) return [];
  const purl = `pkg:deb/${id}/${name}@${encodeURIComponent(version)}?arch=${arch}&distro=${distro}`;
  return [{ name, version, license: undefined, purl, sha512: undefined }];
}

/** `Name: value` or `NAME="value"` a line; continued lines, which begin with a space, are left out. */
function fields(text: string, separator: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const line of text.split('\n')) {
    const at = line.indexOf(separator);
    if (at <= 0 || line.startsWith(' ')) continue;
    found.set(
      line.slice(0, at),
      line
        .slice(at + 1)
        .trim()
        .replace(/^"(.*)"$/, '$1'),
    );
  }
  return found;
}
