import { readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Deeper than `onnx/` and `1_Pooling/` nothing of a model lies. */
const maxDepth = 2;

/**
 * What changes when a file of a model does: names, sizes and times of change. Reading 90 MB to see whether a model is the
 * same would take as long as loading it.
 * @param path a directory, or a graph, beside which the rest lies
 */
export function fingerprintOf(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat) return '';
  return stat.isDirectory() ? describe(path, 0) : describe(dirname(path), 0);
}

function describe(dir: string, depth: number): string {
  const lines: string[] = [];
  for (const name of readdirSync(dir).sort()) {
    const stat = statSync(join(dir, name), { throwIfNoEntry: false, bigint: true });
    if (stat?.isFile()) lines.push(`${name} ${stat.size} ${stat.mtimeNs}`);
    else if (stat?.isDirectory() && depth + 1 < maxDepth)
      lines.push(`${name}/`, describe(join(dir, name), depth + 1));
  }
  return lines.join('\n');
}
