import { join } from 'node:path';
import { findModelFiles, type ModelFiles, readJsonObject } from './files.ts';
import { type PoolingConfig, readPoolingConfig } from './pooling-config.ts';

/** What a model's directory says about it. */
export interface ModelDirectory extends ModelFiles {
  readonly pooling: PoolingConfig;
  /** Tokens that the model takes, special ones included. */
  readonly maxTokens: number;
  /** Whether texts are put in lower case before they are split. */
  readonly lowerCase: boolean;
  readonly padTokenId: number;
  /** Tokens that end a generation. */
  readonly eosTokenIds: readonly number[];
  /** Put before every text: the default prompt of config_sentence_transformers.json, mostly empty. */
  readonly prompt: string;
  /** Side at which over-long texts are cut. */
  readonly truncationSide: 'left' | 'right';
}

type Json = Readonly<Record<string, unknown>>;

/** Without any word about it, the length of BERT. */
const defaultMaxTokens = 512;
/** Position tables of these families start behind the padding token's id. */
const offsetPositions = ['roberta', 'xlm-roberta', 'camembert', 'mpnet', 'xlm-roberta-xl', 'longformer'];

/**
 * Reads a sentence-transformers or Optimum directory, or any other one with an ONNX graph.
 * @param path the directory, or an .onnx file in it
 * @param variant which of its graphs, such as `int8`
 * @throws {InferometerError} INVALID_MODEL: one line that names the file at fault
 */
export function readModelDirectory(path: string, variant?: string): ModelDirectory {
  const files = findModelFiles(path, variant);
  const json = (name: string): Json => readJsonObject(join(files.dir, name)) ?? {};
  const config = json('config.json');
  const sentence = json('sentence_bert_config.json');
  const tokenizer = json('tokenizer_config.json');
  const generation = json('generation_config.json');
  return {
    ...files,
    pooling: readPoolingConfig(files.dir),
    maxTokens: maxTokensOf(config, sentence, tokenizer),
    lowerCase: sentence.do_lower_case === true,
    padTokenId: numberOf(config.pad_token_id) ?? 0,
    eosTokenIds: [generation.eos_token_id ?? config.eos_token_id]
      .flat()
      .filter((id) => typeof id === 'number'),
    prompt: promptOf(json('config_sentence_transformers.json')),
    truncationSide: tokenizer.truncation_side === 'left' ? 'left' : 'right',
  };
}

/** As sentence-transformers has it: its own setting first, never more than the model has positions for. */
function maxTokensOf(config: Json, sentence: Json, tokenizer: Json): number {
  const offset = offsetPositions.includes(String(config.model_type))
    ? (numberOf(config.pad_token_id) ?? 1) + 1
    : 0;
  const positions = numberOf(config.max_position_embeddings) ?? numberOf(config.n_positions);
  const limits = [
    numberOf(sentence.max_seq_length) ?? numberOf(tokenizer.model_max_length),
    positions === undefined ? undefined : positions - offset,
  ].filter((limit) => limit !== undefined && limit > 0 && limit < 1e6);
  return limits.length > 0 ? Math.min(...(limits as number[])) : defaultMaxTokens;
}

function promptOf(config: Json): string {
  const prompts = (config.prompts ?? {}) as Json;
  const prompt =
    typeof config.default_prompt_name === 'string' ? prompts[config.default_prompt_name] : undefined;
  return typeof prompt === 'string' ? prompt : '';
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}
