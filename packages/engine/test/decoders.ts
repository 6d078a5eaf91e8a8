import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BatchRecord, createTelemetry, type Telemetry } from '@inferometer/core';
import {
  type GenerativeModel,
  loadModel,
  type ModelOptions,
  readModelDirectory,
  type Sampling,
} from '@inferometer/engine';
import { python } from '@inferometer/testkit';

export const lmDir: string = join(import.meta.dirname, '../../server/models/nickname-lm');

/** The decoders of make_decoders.py. */
export async function makeDecoders(): Promise<{ dir(name: string): string; remove(): void }> {
  const root = mkdtempSync(join(tmpdir(), 'inferometer-decoders-'));
  const { code, stderr } = await python([join(import.meta.dirname, 'make_decoders.py'), root]);
  if (code !== 0) throw new Error(stderr);
  return { dir: (name) => join(root, name), remove: () => rmSync(root, { recursive: true, force: true }) };
}

/** A generative model in one executor, and the model runs that it makes. */
export interface Bench extends AsyncDisposable {
  readonly model: GenerativeModel;
  readonly telemetry: Telemetry;
  /** All since the start. */
  readonly runs: readonly BatchRecord[];
}

export async function openDecoder(path: string, options: ModelOptions = {}): Promise<Bench> {
  const runs: BatchRecord[] = [];
  const telemetry = createTelemetry({ observers: [{ batchEnded: (batch) => runs.push(batch) }] });
  const model = (await loadModel('lm', readModelDirectory(path), telemetry, {
    executors: 1,
    threads: 1,
    ...options,
  })) as GenerativeModel;
  return { model, telemetry, runs, [Symbol.asyncDispose]: () => model.close() };
}

export function greedy(maxTokens: number): Sampling {
  return { maxTokens, temperature: 0, topK: 0, topP: 1, seed: 0 };
}
