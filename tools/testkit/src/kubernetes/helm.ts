import { requirePart } from '../parts/find-part.ts';
import { type RunOptions, type RunResult, runProgram } from '../process/run-program.ts';
import { tempDir } from '../temp-dir.ts';

export interface HelmOptions extends RunOptions {
  /** Path of the kubeconfig file. @default no cluster: template, lint */
  readonly kubeconfig?: string;
  /** Which Helm. @default helm, that is Helm 4 */
  readonly part?: 'helm' | 'helm3';
}

/** Runs Helm: `helm(['install', 'name', chart], { kubeconfig })`. A code other than 0 is a result, not an error. */
export async function helm(args: readonly string[], options: HelmOptions = {}): Promise<RunResult> {
  const { kubeconfig, part = 'helm', env, ...rest } = options;
  // Neither the settings of whoever runs the test nor their clusters.
  await using home = await tempDir('helm');
  const own = {
    HELM_CACHE_HOME: home.file('cache'),
    HELM_CONFIG_HOME: home.file('config'),
    HELM_DATA_HOME: home.file('data'),
    KUBECONFIG: kubeconfig ?? home.file('no-kubeconfig'),
  };
  return runProgram(requirePart(part).path, args, { ...rest, env: { ...own, ...env } });
}
