import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus } from 'node:os';
import { basename, dirname, join } from 'node:path';

/** Changes with the way in which entries are made. */
const format = 1;

/** Files beside a graph that are not its weights. */
const otherFiles = /\.(onnx|json|txt|md|model|py|yaml|yml)$/i;

export interface GraphSize {
  /** Name of the entry for this graph on this machine: 40 hexadecimal digits. */
  readonly key: string;
  /** Graph and weights, bytes. */
  readonly bytes: number;
}

/**
 * Names the optimised form of a graph. Hashing the content would take longer than the cache saves (90 MB: 150 ms), so it
 * goes by name, size and time of change of the graph and of what may be its weights. Weights are packed as the processor
 * at hand likes them best: its model and features are in the name, with onnxruntime's version.
 * @throws if the graph is not there
 */
export function keyOfGraph(graph: string): GraphSize {
  const path = realpathSync(graph);
  const files = [path, ...weightsBeside(path)];
  const hash = createHash('sha256').update(`${format}\n${runtimeVersion()}\n${processor()}\n${path}\n`);
  let bytes = 0;
  for (const file of files) {
    const stat = statSync(file, { bigint: true });
    bytes += Number(stat.size);
    hash.update(`${basename(file)} ${stat.size} ${stat.mtimeNs} ${stat.ino}\n`);
  }
  return { key: hash.digest('hex').slice(0, 40), bytes };
}

function weightsBeside(graph: string): string[] {
  const dir = dirname(graph);
  return readdirSync(dir, { withFileTypes: true })
    .filter((entry) => !entry.isDirectory() && !otherFiles.test(entry.name))
    .map((entry) => join(dir, entry.name))
    .filter((file) => statSync(file, { throwIfNoEntry: false })?.isFile())
    .sort();
}

function runtimeVersion(): string {
  const { version } = createRequire(import.meta.url)('onnxruntime-node/package.json') as { version: string };
  return `${version} ${process.platform} ${process.arch}`;
}

function processor(): string {
  const model = cpus()[0]?.model ?? '';
  try {
    const flags = /^(?:flags|Features)\s*:.*$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'));
    return `${model} ${flags?.[0] ?? ''}`;
  } catch {
    return model;
  }
}
