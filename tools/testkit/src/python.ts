import { requirePart } from './parts/find-part.ts';
import { type RunOptions, type RunResult, runProgram } from './process/run-program.ts';

/**
 * Runs the Python of the test clients: `python(['client.py', url])`, `python(['-c', 'import numpy'])`. A code other
 * than 0 is a result, not an error.
 */
export async function python(args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  // Byte code of scripts must not land beside them in the checkout.
  const env = { PYTHONUNBUFFERED: '1', PYTHONDONTWRITEBYTECODE: '1', ...options.env };
  return runProgram(requirePart('python').path, args, { ...options, env });
}
