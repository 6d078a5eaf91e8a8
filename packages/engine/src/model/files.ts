import { readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { InferometerError, messageOf } from '@inferometer/core';
import { chooseVariant, describeVariants, listVariants, thisProcessor } from './variants.ts';

/** Where a directory may keep its graph, in the order of preference. */
const graphNames = [
  'model.onnx',
  'onnx/model.onnx',
  'decoder_model_merged.onnx',
  'onnx/decoder_model_merged.onnx',
] as const;

/** What a model is made of on disk. */
export interface ModelFiles {
  readonly dir: string;
  /** The ONNX graph. */
  readonly graph: string;
  /** tokenizer.json; undefined of a model that is fed with tensors. */
  readonly tokenizer: string | undefined;
}

/** What only models of texts have: where one of these is, a missing tokenizer.json has been forgotten. */
const textFiles = [
  'tokenizer_config.json',
  'modules.json',
  'sentence_bert_config.json',
  'vocab.txt',
  'merges.txt',
];

/**
 * Finds the files of a model.
 * @param path a sentence-transformers or Optimum directory, any other one with a graph, or one .onnx file
 * @param variant which of its graphs, such as `int8`; the first of `graphNames` without
 * @throws {InferometerError} INVALID_MODEL that names the path or file missing
 */
export function findModelFiles(path: string, variant?: string): ModelFiles {
  const kind = kindOfPath(path);
  if (kind === 'missing') throw invalid(`${path} does not exist: expected a model directory`);
  if (kind === 'file' && !path.endsWith('.onnx'))
    throw invalid(`${path} is not a directory or an .onnx file`);
  const parent = dirname(path);
  const dir = kind === 'directory' ? path : basename(parent) === 'onnx' ? dirname(parent) : parent;
  if (kind === 'file' && variant !== undefined)
    throw invalid(`${path} is one graph: expected a directory to choose variant "${variant}" in`);
  const graph = kind === 'file' ? path : graphIn(dir, variant);
  if (statSync(graph).size === 0) throw invalid(`${graph} is empty: expected an ONNX graph`);
  const tokenizer = [dir, dirname(graph)].map((folder) => join(folder, 'tokenizer.json')).find(isFile);
  if (tokenizer === undefined && textFiles.some((name) => isFile(join(dir, name))))
    throw invalid(`${join(dir, 'tokenizer.json')} is missing: expected a Hugging Face tokenizer`);
  return { dir, graph, tokenizer };
}

/** @throws {InferometerError} INVALID_MODEL that names the graphs there are */
function graphIn(dir: string, variant: string | undefined): string {
  const variants = listVariants(dir);
  if (variant !== undefined) {
    const chosen = chooseVariant(variants, variant, thisProcessor());
    const file =
      chosen?.file ?? (variant.endsWith('.onnx') && isFile(join(dir, variant)) ? variant : undefined);
    if (file !== undefined) return join(dir, file);
    const there = variants.length > 0 ? describeVariants(variants) : 'none';
    throw invalid(`${dir} has no graph of variant "${variant}", it has ${there}`);
  }
  const found = graphNames.map((name) => join(dir, name)).find(isFile);
  if (found !== undefined) return found;
  const hint = variants.length > 0 ? `; its variants are ${describeVariants(variants)}` : '';
  throw invalid(`${dir} has no ONNX graph: expected model.onnx or onnx/model.onnx in it${hint}`);
}

/**
 * Reads a JSON object.
 * @returns undefined if there is no such file
 * @throws {InferometerError} INVALID_MODEL if it is not a JSON object
 */
export function readJsonObject(file: string): Readonly<Record<string, unknown>> | undefined {
  const value = readJson(file);
  if (value === undefined) return undefined;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid(`${file}: expected a JSON object`);
  }
  return value as Readonly<Record<string, unknown>>;
}

/** Reads JSON of any shape. @returns undefined if there is no such file */
export function readJson(file: string): unknown {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw invalid(`${file} cannot be read: ${messageOf(error)}`);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw invalid(`${file} is not valid JSON: ${messageOf(error)}`);
  }
}

export function invalid(message: string, cause?: unknown): InferometerError {
  return new InferometerError('INVALID_MODEL', message, { cause });
}

function kindOfPath(path: string): 'file' | 'directory' | 'missing' {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat?.isDirectory()) return 'directory';
  return stat?.isFile() ? 'file' : 'missing';
}

function isFile(path: string): boolean {
  return kindOfPath(path) === 'file';
}
