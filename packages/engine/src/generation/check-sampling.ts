import { InferometerError } from '@inferometer/core';
import type { Sampling } from '../executor/protocol.ts';

/**
 * Refuses what cannot be followed.
 * @throws {InferometerError} INVALID_INPUT that names the option, its range and the value
 */
export function checkSampling(sampling: Sampling, vocabularySize: number): void {
  const { minP = 0, repetitionPenalty = 1, presencePenalty = 0, frequencyPenalty = 0 } = sampling;
  const { logitBias = [], stopTokenIds = [], minTokens = 0 } = sampling;
  const check = (name: string, value: number, expected: string, isRight: boolean): void => {
    if (isRight) return;
    throw new InferometerError('INVALID_INPUT', `${name} must be ${expected}, got ${value}`, { field: name });
  };
  const within = (name: string, value: number, least: number, most: number): void =>
    check(name, value, `a number from ${least} to ${most}`, value >= least && value <= most);
  const atLeast = (name: string, value: number, least: number): void =>
    check(name, value, `an integer >= ${least}`, Number.isInteger(value) && value >= least);
  const over0 = (name: string, value: number, most: number): void =>
    check(name, value, `a number over 0 and up to ${most}`, value > 0 && value <= most);
  const token = (name: string, id: number): void =>
    check(
      name,
      id,
      `a token id from 0 to ${vocabularySize - 1}`,
      Number.isInteger(id) && id >= 0 && id < vocabularySize,
    );

  atLeast('maxTokens', sampling.maxTokens, 1);
  within('temperature', sampling.temperature, 0, 2);
  atLeast('topK', sampling.topK, 0);
  over0('topP', sampling.topP, 1);
  check('seed', sampling.seed, 'an integer', Number.isInteger(sampling.seed));
  within('minP', minP, 0, 1);
  over0('repetitionPenalty', repetitionPenalty, 10);
  within('presencePenalty', presencePenalty, -2, 2);
  within('frequencyPenalty', frequencyPenalty, -2, 2);
  atLeast('minTokens', minTokens, 0);
  for (const [id, bias] of logitBias) {
    token('logitBias', id);
    within('logitBias', bias, -100, 100);
  }
  for (const id of stopTokenIds) token('stopTokenIds', id);
}
