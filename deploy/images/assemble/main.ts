/**
 * `node main.ts APP IMAGE BASE`: lays out in IMAGE what the image gets on top of its base, from a checkout APP that is
 * built and has its production dependencies installed. BASE holds `os-release` and `dpkg/`, which the bill of materials
 * is completed from. Content, order, times and modes depend on the sources and SOURCE_DATE_EPOCH alone.
 */
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { billOfMaterials } from './bill-of-materials.ts';
import { debianPackages } from './debian-packages.ts';
import { isShipped, type Workspace } from './is-shipped.ts';
import { installedPackages, nodePackage } from './node-packages.ts';
import { normalise } from './normalise.ts';

const [app = '', image = '', base = ''] = process.argv.slice(2);
const epoch = Number(process.env.SOURCE_DATE_EPOCH ?? 0);
if (!Number.isInteger(epoch) || epoch < 0)
  throw new RangeError(`SOURCE_DATE_EPOCH must be an integer >= 0, got ${process.env.SOURCE_DATE_EPOCH}`);

const installed = installedPackages(join(app, 'node_modules/.package-lock.json'));
const workspaces: Workspace[] = installed
  .filter((it) => it.isWorkspace)
  .map((it) => {
    const manifest = JSON.parse(readFileSync(join(app, it.path, 'package.json'), 'utf8')) as {
      readonly files?: readonly string[];
    };
    return { path: it.path, files: manifest.files ?? [] };
  });
const target = { arch: process.arch, workspaces };

for (const folder of ['node_modules', 'packages']) {
  cpSync(join(app, folder), join(image, 'app', folder), {
    recursive: true,
    verbatimSymlinks: true,
    filter: (source) => isShipped(relative(app, source), target),
  });
}
cpSync(join(app, 'LICENSE'), join(image, 'app/LICENSE'));

mkdirSync(join(image, 'usr/local/bin'), { recursive: true });
cpSync(process.execPath, join(image, 'usr/local/bin/node'));
symlinkSync('/app/packages/server/bin/inferometer.js', join(image, 'usr/local/bin/inferometer'));

const sbom = join(image, 'usr/share/sbom');
mkdirSync(sbom, { recursive: true });
const packages = [
  ...installed.filter((it) => isShipped(it.path, target)),
  nodePackage(process.versions.node),
  ...debianPackages(base),
];
writeFileSync(join(sbom, 'inferometer.spdx.json'), billOfMaterials(packages, epoch));

normalise(image, epoch);
process.stdout.write(`${packages.length} packages in the image\n`);
