import { createHash } from 'node:crypto';

/** One thing that the image is made of. */
export interface Package {
  readonly name: string;
  readonly version: string;
  /** An SPDX expression, undefined where nobody says. */
  readonly license: string | undefined;
  /** https://github.com/package-url/purl-spec */
  readonly purl: string;
  /** Of the archive that it was installed from, hex. */
  readonly sha512: string | undefined;
}

const documentId = 'SPDXRef-DOCUMENT';
/** What an SPDX expression is made of; npm's `license` may hold anything. */
const expression = /^[A-Za-z0-9.+()-]+(?: (?:AND|OR|WITH) [A-Za-z0-9.+()-]+)*$/;

/**
 * An SPDX 2.3 document in JSON, the same for the same packages: its namespace is their hash instead of a random number.
 * @param createdS seconds since the epoch
 */
export function billOfMaterials(all: readonly Package[], createdS: number): string {
  // One that npm has put in several places is one package.
  const packages = [...new Map(all.map((it) => [it.purl, it])).values()];
  const hash = createHash('sha256').update(JSON.stringify(packages)).digest('hex');
  const version = packages.find((it) => it.name === 'inferometer')?.version ?? '0.0.0';
  const listed = packages.map((it, index) => entry(it, `SPDXRef-Package-${index + 1}`));
  const document = {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: documentId,
    name: `inferometer-${version}`,
    documentNamespace: `https://spdx.org/spdxdocs/inferometer-${version}-${hash}`,
    creationInfo: {
      created: new Date(createdS * 1_000).toISOString().replace('.000Z', 'Z'),
      creators: ['Tool: inferometer-image'],
    },
    documentDescribes: listed.map((it) => it.SPDXID),
    packages: listed,
    relationships: listed.map((it) => ({
      spdxElementId: documentId,
      relationshipType: 'DESCRIBES',
      relatedSpdxElement: it.SPDXID,
    })),
  };
  return `${JSON.stringify(document, undefined, 1)}\n`;
}

/** The packages of a document that `billOfMaterials` made. */
export function packagesOf(document: string): Package[] {
  const { packages } = JSON.parse(document) as { readonly packages: readonly ReturnType<typeof entry>[] };
  return packages.map((it) => ({
    name: it.name,
    version: it.versionInfo,
    license: it.licenseDeclared === 'NOASSERTION' ? undefined : it.licenseDeclared,
    purl: it.externalRefs[0]?.referenceLocator ?? '',
    sha512: it.checksums?.[0]?.checksumValue,
  }));
}

function entry({ name, version, license, purl, sha512 }: Package, id: string) {
  const declared = license !== undefined && expression.test(license) ? license : 'NOASSERTION';
  return {
    SPDXID: id,
    name,
    versionInfo: version,
    downloadLocation: 'NOASSERTION',
    filesAnalyzed: false,
    licenseConcluded: 'NOASSERTION',
    licenseDeclared: declared,
    copyrightText: 'NOASSERTION',
    externalRefs: [{ referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: purl }],
    checksums: sha512 === undefined ? undefined : [{ algorithm: 'SHA512', checksumValue: sha512 }],
  };
}
