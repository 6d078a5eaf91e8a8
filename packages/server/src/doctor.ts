import { formatFindings, hasErrors, inspect } from '@inferometer/sdk';
import { serveCommand } from './options.ts';

/** Variables of the server that are no flag's. */
const ownVariables = ['INFEROMETER_LOG_LEVEL'];

/**
 * Prints what is in force and what is wrong, for the environment that a server would be started with.
 * @returns the exit code: 1 if something is wrong
 */
export async function doctor(json: boolean): Promise<number> {
  const flags = serveCommand(async () => {}).options.flatMap((option) => option.envVar ?? []);
  const findings = await inspect(process.env, { knownVariables: [...ownVariables, ...flags] });
  process.stdout.write(json ? `${JSON.stringify(findings, null, 2)}\n` : formatFindings(findings));
  return hasErrors(findings) ? 1 : 0;
}
