import { createHash, randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import type { GenerativeModel } from '@inferometer/engine';
import { version } from '../version.ts';

/** What every object of an answer begins with. */
export interface AnswerHead {
  readonly id: string;
  /** Seconds since the epoch. */
  readonly created: number;
  readonly model: string;
  /** Changes with whatever may change the text that a seed gives. */
  readonly system_fingerprint: string;
}

const fingerprints = new WeakMap<GenerativeModel, string>();

export function answerHead(prefix: 'cmpl' | 'chatcmpl', model: GenerativeModel): AnswerHead {
  return {
    id: `${prefix}-${randomBytes(12).toString('hex')}`,
    created: Math.floor(Date.now() / 1000),
    model: model.name,
    system_fingerprint: fingerprintOf(model),
  };
}

/** Of this version and the model's graph, as size and time tell it: reading gigabytes would say no more. */
function fingerprintOf(model: GenerativeModel): string {
  let known = fingerprints.get(model);
  if (known === undefined) {
    const { size, mtimeMs } = statSync(model.directory.graph, { throwIfNoEntry: false }) ?? {
      size: 0,
      mtimeMs: 0,
    };
    const facts = JSON.stringify([version, model.name, size, mtimeMs]);
    known = `fp_${createHash('sha256').update(facts).digest('hex').slice(0, 10)}`;
    fingerprints.set(model, known);
  }
  return known;
}
