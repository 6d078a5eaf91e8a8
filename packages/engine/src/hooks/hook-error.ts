import { InferometerError } from '@inferometer/core';
import type { HookFailure } from './contract.ts';

/** What a request is told of a hook that threw: its own words for bad input, else which hook failed. */
export function hookError(
  { hook, message, invalidInput, field }: HookFailure,
  cause?: unknown,
): InferometerError {
  const context = { cause, ...(field === undefined ? {} : { field }) };
  return invalidInput
    ? new InferometerError('INVALID_INPUT', message, context)
    : new InferometerError('RUN_FAILED', `${hook} failed: ${message}`, context);
}
