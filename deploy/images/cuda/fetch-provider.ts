/**
 * `node fetch-provider.ts INDEX CACHE ONNXRUNTIME`: puts onnxruntime's CUDA provider beside the library of
 * onnxruntime-node, where that looks for it. The wheel comes from a Python index and stays in CACHE; its hash is pinned in
 * provider.json.
 */
import { createHash } from 'node:crypto';
import {
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

interface Pin {
  readonly version: string;
  readonly wheel: string;
  readonly sha256: string;
  readonly libraries: readonly string[];
}

const [index = '', cache = '', target = ''] = process.argv.slice(2);
const pin = JSON.parse(readFileSync(join(import.meta.dirname, 'provider.json'), 'utf8')) as Pin;
const installed = '/app/node_modules/onnxruntime-node/package.json';
const { version } = JSON.parse(readFileSync(installed, 'utf8')) as { readonly version: string };
if (version !== pin.version)
  throw new Error(
    `onnxruntime-node is ${version} and the pinned provider ${pin.version}: pin that of the same release`,
  );

mkdirSync(cache, { recursive: true });
const wheel = join(cache, pin.wheel);
if (!existsSync(wheel)) await download(await addressOf(pin.wheel), wheel);
const hash = createHash('sha256');
await pipeline(createReadStream(wheel), hash);
const found = hash.digest('hex');
if (found !== pin.sha256)
  throw new Error(`${wheel} has the hash ${found}, expected ${pin.sha256}: remove it`);

const folder = join(target, 'bin/napi-v6/linux/x64');
mkdirSync(folder, { recursive: true });
// The library that onnxruntime-node unpacks with when it installs the provider itself.
const AdmZip = createRequire(installed)('adm-zip') as new (
  file: string,
) => {
  readFile(name: string): Buffer | null;
};
const archive = new AdmZip(wheel);
for (const name of pin.libraries) {
  const content = archive.readFile(`onnxruntime/capi/${name}`);
  if (content === null) throw new Error(`${pin.wheel} has no ${name}`);
  writeFileSync(join(folder, name), content);
  process.stdout.write(`${name}: ${Math.round(content.length / 2 ** 20)} MiB\n`);
}

/** @throws {Error} if the index cannot be read or does not have the file */
async function addressOf(file: string): Promise<string> {
  const url = `${index.replace(/\/$/, '')}/onnxruntime-gpu/`;
  // PEP 691; an index that speaks HTML alone answers with that.
  const response = await fetch(url, {
    headers: { accept: 'application/vnd.pypi.simple.v1+json, text/html;q=0.1' },
  });
  const text = await response.text();
  const address = new RegExp(`["']([^"']*/${file.replaceAll('.', '\\.')})[#"']`).exec(text)?.[1];
  if (!response.ok || address === undefined)
    throw new Error(`${url} (${response.status}) does not have ${file}`);
  return new URL(address, response.url).href;
}

async function download(url: string, file: string): Promise<void> {
  const response = await fetch(url);
  if (!response.ok || response.body === null) throw new Error(`${url}: ${response.status}`);
  await pipeline(Readable.fromWeb(response.body), createWriteStream(`${file}.part`));
  renameSync(`${file}.part`, file);
}
