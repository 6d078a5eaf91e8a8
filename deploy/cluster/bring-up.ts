import { join } from 'node:path';
import { runProgram } from '@inferometer/testkit';
import { mustRun } from './must-run.ts';

/** A cluster that images can be brought into. */
export interface Cluster {
  readonly kubeconfig: string;
  /** Brings an image archive (docker-save format) to its nodes. */
  load(archive: string): Promise<void>;
  down(): Promise<void>;
}

const scripts = join(import.meta.dirname, '../../tools/cluster');

/**
 * The cluster that KUBECONFIG names, or one of our own, which goes with `down`.
 * @throws {Error} if KUBECONFIG is given without CLUSTER_LOAD: images made here have to get there somehow
 */
export async function bringUp(env: NodeJS.ProcessEnv = process.env): Promise<Cluster> {
  if (env.KUBECONFIG) return theirs(env.KUBECONFIG, env.CLUSTER_LOAD);
  // Beside a cluster that somebody has started by hand.
  const own = { CLUSTER_NAME: 'infer-test', CLUSTER_NET: '10.88' };
  const down = async (): Promise<void> => {
    await mustRun(join(scripts, 'down.sh'), [], { env: own });
  };
  // What an earlier run has left, that was killed.
  await down();
  const { code, stdout, stderr } = await runProgram(join(scripts, 'up.sh'), [], {
    env: own,
    timeoutMs: 300_000,
  });
  if (code !== 0) {
    await down();
    throw new Error(`the cluster did not come up:\n${stderr}`);
  }
  return {
    kubeconfig: stdout.trim(),
    load: async (archive) => {
      await mustRun(join(scripts, 'mkimage.sh'), ['-i', archive], { env: own });
    },
    down: env.CLUSTER_KEEP ? async () => {} : down,
  };
}

function theirs(kubeconfig: string, command: string | undefined): Cluster {
  if (!command)
    throw new Error(
      'KUBECONFIG is given: CLUSTER_LOAD must be the command that brings an image archive to its nodes, such as "kind load image-archive"',
    );
  const [program = '', ...args] = command.split(' ');
  return {
    kubeconfig,
    load: async (archive) => {
      await mustRun(program, [...args, archive], { timeoutMs: 300_000 });
    },
    down: async () => {},
  };
}
