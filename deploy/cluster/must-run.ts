import { type RunOptions, runProgram } from '@inferometer/testkit';

/** What a program prints. @throws {Error} with all that it printed, if it ends with a code other than 0 */
export async function mustRun(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const { code, stdout, stderr } = await runProgram(command, args, { timeoutMs: 120_000, ...options });
  if (code === 0) return stdout;
  throw new Error(`${command} ${args.join(' ')} ended with ${code}:\n${stderr}${stdout}`);
}
