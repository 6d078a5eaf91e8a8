import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { requirePart, runProgram } from '@inferometer/testkit';

/** deploy/compose, with a slash at its end. */
export const composeFolder: string = fileURLToPath(new URL('../../compose/', import.meta.url));

export interface ComposeService {
  readonly image: string;
  readonly build?: { readonly context: string; readonly dockerfile: string };
  readonly user?: string;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly command?: readonly string[] | null;
  readonly entrypoint?: readonly string[] | null;
  readonly volumes?: readonly {
    readonly type: 'bind' | 'volume';
    readonly source: string;
    readonly target: string;
    readonly read_only?: boolean;
  }[];
  readonly ports?: readonly { readonly host_ip?: string; readonly target: number }[];
  readonly expose?: readonly string[];
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
}

export interface ComposeProject {
  readonly services: Readonly<Record<string, ComposeService>>;
}

/** The project as Compose reads it. @throws {Error} with what is wrong with it */
export async function readProject(file: string = `${composeFolder}compose.yaml`): Promise<ComposeProject> {
  // What the tester's own environment says to Compose is not what is tested.
  const env = Object.fromEntries(
    composeVariables(await readFile(file, 'utf8')).map((name) => [name, undefined]),
  );
  const { code, stdout, stderr } = await runProgram(requirePart('compose-config').path, [file, '*'], { env });
  if (code !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as ComposeProject;
}

/** The variables that a Compose file asks for. */
export function composeVariables(text: string): string[] {
  return [...new Set([...text.matchAll(/\$\{(\w+)/g)].map(([, name]) => name as string))];
}
