import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** A graph of a model, by what tells it from the model's others: its precision, mostly. */
export interface GraphVariant {
  /** `fp32`, `int8`, `O4`; what follows `model_` in the file's name. */
  readonly name: string;
  /** Path below the model's directory, such as `onnx/model_int8.onnx`. */
  readonly file: string;
}

/** Folders that Optimum, sentence-transformers and transformers.js put graphs in, and their names before the variant. */
const folders = ['', 'onnx'];
const stems = /^(?:model|decoder_model_merged)(?:_(.+))?\.onnx$/;

/** All graphs of a model's directory, those of the directory itself first. */
export function listVariants(dir: string): readonly GraphVariant[] {
  return folders.flatMap((folder) => {
    const path = join(dir, folder);
    if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) return [];
    return readdirSync(path)
      .sort()
      .flatMap((file) => {
        const match = stems.exec(file);
        if (!match || !statSync(join(path, file), { throwIfNoEntry: false })?.isFile()) return [];
        return [{ name: match[1] ?? 'fp32', file: folder === '' ? file : `${folder}/${file}` }];
      });
  });
}

/** What a processor can do, of what quantised graphs are made for. */
export interface Processor {
  readonly arch: string;
  /** Features as Linux names them; undefined where they are not known. */
  readonly features?: ReadonlySet<string>;
}

/** Graphs with 8-bit weights, best first, and what they are made for. */
const int8: readonly { name: string; arch?: string; feature?: string }[] = [
  { name: 'int8' },
  { name: 'qint8' },
  { name: 'quantized' },
  { name: 'qint8_arm64', arch: 'arm64' },
  { name: 'qint8_avx512_vnni', arch: 'x64', feature: 'avx512_vnni' },
  { name: 'qint8_avx512', arch: 'x64', feature: 'avx512f' },
  { name: 'quint8_avx2', arch: 'x64', feature: 'avx2' },
  { name: 'uint8' },
];

/**
 * Chooses a graph by the name of a variant (`fp16`, `O4`), by `int8`, which takes the 8-bit graph that suits the
 * processor, or by the name of its file.
 * @returns undefined if there is none
 */
export function chooseVariant(
  variants: readonly GraphVariant[],
  wanted: string,
  processor: Processor,
): GraphVariant | undefined {
  const named = variants.find(
    ({ name, file }) => name === wanted || file === wanted || base(file) === wanted,
  );
  if (named || wanted !== 'int8') return named;
  return int8
    .filter(
      ({ arch, feature }) =>
        (arch === undefined || arch === processor.arch) &&
        (feature === undefined || processor.features?.has(feature) !== false),
    )
    .map(({ name }) => variants.find((variant) => variant.name === name))
    .find((variant) => variant !== undefined);
}

/** Such as `fp32 (model.onnx), int8 (onnx/model_int8.onnx)`. */
export function describeVariants(variants: readonly GraphVariant[]): string {
  return variants.map(({ name, file }) => `${name} (${file})`).join(', ');
}

/** The processor of this machine. */
export function thisProcessor(): Processor {
  try {
    const [, features = ''] =
      /^(?:flags|Features)\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8')) ?? [];
    return { arch: process.arch, features: new Set(features.trim().split(' ')) };
  } catch {
    return { arch: process.arch };
  }
}

function base(file: string): string {
  return file.slice(file.lastIndexOf('/') + 1);
}
