import { requirePart } from '../parts/find-part.ts';
import { type RunOptions, type RunResult, runProgram } from '../process/run-program.ts';

/** Runs promtool: `promtool(['check', 'metrics'], text)`. A code other than 0 is a result, not an error. */
export async function promtool(
  args: readonly string[],
  stdin = '',
  options: Omit<RunOptions, 'stdin'> = {},
): Promise<RunResult> {
  return runProgram(requirePart('promtool').path, args, { ...options, stdin });
}
