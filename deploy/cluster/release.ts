import { join } from 'node:path';
import { helm } from '@inferometer/testkit';
import type { Kubectl } from './kubectl.ts';

/** The chart's release in the cluster. */
export interface Release {
  /** `helm ARG…` in its namespace. @throws {Error} with all that it printed, if it ends with a code other than 0 */
  helm(args: readonly string[]): Promise<string>;
  /** Its values, those of the files (in deploy/cluster) over the defaults, and `--set`s. */
  install(files: readonly string[], sets?: readonly string[]): Promise<void>;
  upgrade(files: readonly string[], sets?: readonly string[]): Promise<void>;
}

export const releaseName = 'inferometer';
const chart = join(import.meta.dirname, '../helm/inferometer');

export function releaseOf({ kubeconfig, namespace }: Kubectl): Release {
  const run: Release['helm'] = async (args) => {
    const { code, stdout, stderr } = await helm(['--namespace', namespace, ...args], {
      kubeconfig,
      timeoutMs: 420_000,
    });
    if (code === 0) return stdout;
    throw new Error(`helm ${args.join(' ')} ended with ${code}:\n${stderr}${stdout}`);
  };
  const bring =
    (verb: 'install' | 'upgrade'): Release['install'] =>
    async (files, sets = []) => {
      const values = files.flatMap((file) => ['--values', join(import.meta.dirname, file)]);
      const set = sets.flatMap((it) => ['--set', it]);
      await run([verb, releaseName, chart, ...values, ...set, '--wait', '--timeout', '5m']);
    };
  return { helm: run, install: bring('install'), upgrade: bring('upgrade') };
}
