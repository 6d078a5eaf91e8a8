import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { dirname, extname, join, relative } from 'node:path';
import type { ModelDirectory } from '../model/directory.ts';
import { keyOf } from './key.ts';

/** Files beside a graph that say what a model does: configuration, tokenizer, word lists, templates. */
const descriptions = new Set(['.json', '.txt', '.jinja', '.model']);

/**
 * What a model's results depend on besides their input, as 22 characters: the bytes of its graph, of the external data
 * that the graph names, and of the descriptions beside it. Two directories with the same content have the same one,
 * wherever and whenever they were written; other variants of the graph do not matter.
 */
export async function fingerprintOf(model: ModelDirectory): Promise<string> {
  const beside = [...new Set([model.dir, dirname(model.graph)])];
  const files = (await Promise.all(beside.map(filesIn))).flat();
  const others = files.filter((file) => !['.onnx', '.md'].includes(extname(file)));
  const texts = others.filter((file) => descriptions.has(extname(file)));
  // A graph of more than 2 GB has its weights in files that it names; anything else there is not read.
  const data = others.filter(
    (file) => !descriptions.has(extname(file)) && dirname(file) === dirname(model.graph),
  );
  const graph = await hashFile(
    model.graph,
    data.map((file) => relative(dirname(model.graph), file)),
  );
  const named = data.filter((_, index) => graph.names[index]);
  const rest = await Promise.all(
    [...texts, ...named]
      .sort()
      .map(async (file) => [relative(model.dir, file), (await hashFile(file)).digest]),
  );
  return keyOf(JSON.stringify([graph.digest, rest, model.padTokenId, model.pooling]));
}

async function filesIn(directory: string): Promise<string[]> {
  const paths = (await readdir(directory)).map((name) => join(directory, name));
  // Directories of model hubs hold links to files; one that leads nowhere is nobody's.
  const stats = await Promise.all(paths.map((path) => stat(path).catch(() => undefined)));
  return paths.filter((_, index) => stats[index]?.isFile());
}

/**
 * Digest of a file's bytes, and which names occur in them.
 * @returns names: shape [names]
 */
async function hashFile(
  path: string,
  names: readonly string[] = [],
): Promise<{ readonly digest: string; readonly names: readonly boolean[] }> {
  const hash = createHash('sha256');
  const found = names.map(() => false);
  const overlap = Math.max(0, ...names.map((name) => Buffer.byteLength(name) - 1));
  let tail: Buffer = Buffer.alloc(0);
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
    hash.update(chunk);
    if (names.length === 0) continue;
    const seen = Buffer.concat([tail, chunk]);
    names.forEach((name, index) => {
      found[index] ||= seen.includes(name);
    });
    tail = seen.subarray(Math.max(0, seen.length - overlap));
  }
  return { digest: hash.digest('base64url'), names: found };
}
