import { InferometerError } from '@inferometer/core/base';
import type { RunFailure } from '../executor/protocol.ts';
import type { Tensors } from './types.ts';

export function isRunFailure(result: Tensors | RunFailure): result is RunFailure {
  // An output may have any name, but is no boolean.
  return result.runFailed === true;
}

/** What a request is told that the model could not run. */
export function runError({ message, invalidInput }: RunFailure): InferometerError {
  return invalidInput
    ? new InferometerError('INVALID_INPUT', `the model cannot run these inputs: ${message}`)
    : new InferometerError('RUN_FAILED', `the model run failed: ${message}`);
}
