/**
 * `node complete.ts SBOM IMAGE BASE`: the bill of materials of the service's image with another base's packages and the
 * CUDA provider, and one time for all files, as main.ts does for that image.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { billOfMaterials, packagesOf } from '../assemble/bill-of-materials.ts';
import { debianPackages } from '../assemble/debian-packages.ts';
import { normalise } from '../assemble/normalise.ts';

const [sbom = '', image = '', base = ''] = process.argv.slice(2);
const epoch = Number(process.env.SOURCE_DATE_EPOCH ?? 0);
const { version } = JSON.parse(readFileSync(join(import.meta.dirname, 'provider.json'), 'utf8')) as {
  readonly version: string;
};
const packages = [
  ...packagesOf(readFileSync(sbom, 'utf8')).filter((it) => !it.purl.startsWith('pkg:deb/')),
  {
    name: 'onnxruntime-gpu',
    version,
    license: 'MIT',
    purl: `pkg:pypi/onnxruntime-gpu@${version}`,
    sha512: undefined,
  },
  ...debianPackages(base),
];
const folder = join(image, 'usr/share/sbom');
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, 'inferometer.spdx.json'), billOfMaterials(packages, epoch));
normalise(image, epoch);
