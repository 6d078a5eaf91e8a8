import { readFileSync, rmSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';

/** An optimised graph on disk: a directory with the graph, its weights and the sizes of both. */
export const graphFile = 'model.onnx';
/** Weights lie beside the graph, aligned, so that onnxruntime maps them into memory instead of reading them. */
export const weightsFile = 'model.onnx.data';
const manifestFile = 'manifest.json';

export interface Manifest {
  /** The graph that it was made of, for people. */
  readonly source: string;
  /** Size of each file, bytes. */
  readonly files: Readonly<Record<string, number>>;
  /** Why the graph has no optimised form; it is not tried again. */
  readonly failed?: string;
}

export function manifestPath(entry: string): string {
  return join(entry, manifestFile);
}

/**
 * The optimised graph, if the entry is whole.
 * @returns undefined if there is none; an entry that lacks something is thrown away
 */
export function graphOfEntry(entry: string): string | undefined {
  const manifest = readManifest(entry);
  if (manifest === undefined || manifest.failed !== undefined) return undefined;
  const isWhole = Object.entries(manifest.files).every(
    ([name, size]) => statSync(join(entry, name), { throwIfNoEntry: false })?.size === size,
  );
  if (!isWhole || manifest.files[graphFile] === undefined) {
    discardEntry(entry);
    return undefined;
  }
  touch(entry);
  return join(entry, graphFile);
}

/** Whether there is anything to be gained from making the entry. */
export function isMissing(entry: string): boolean {
  return readManifest(entry) === undefined;
}

/** Those who have mapped its files keep them. */
export function discardEntry(entry: string): void {
  try {
    rmSync(entry, { recursive: true, force: true });
  } catch {
    // A disk that has become read-only: it is found wanting the next time as well.
  }
}

function readManifest(entry: string): Manifest | undefined {
  let text: string;
  try {
    text = readFileSync(manifestPath(entry), 'utf8');
  } catch {
    return undefined;
  }
  try {
    const manifest = JSON.parse(text) as Manifest;
    if (typeof manifest.files === 'object' && manifest.files !== null) return manifest;
  } catch {
    // Half written by somebody else than us: ours are renamed into place.
  }
  discardEntry(entry);
  return undefined;
}

/** Entries that nobody has used for long are pruned. */
function touch(entry: string): void {
  const now = new Date();
  try {
    utimesSync(entry, now, now);
  } catch {
    // Read-only: nobody prunes there either.
  }
}
