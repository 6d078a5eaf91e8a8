import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { python } from '@inferometer/testkit';
import { startServer, type TestServer } from './serving.ts';

const script = join(import.meta.dirname, '../../engine/test/make_tensor_models.py');

/** The real server with models of plain tensors, by the names that make_tensor_models.py gives them. */
export async function startTensorServer(names: readonly string[], args: string[] = []): Promise<TestServer> {
  const root = mkdtempSync(join(tmpdir(), 'inferometer-oip-'));
  try {
    const { code, stderr } = await python([script, root]);
    if (code !== 0) throw new Error(stderr);
    const models = names.flatMap((name) => ['--model', `${name}=${join(root, name.replace(/.*\//, ''))}`]);
    const server = await startServer({ args: [...models, '--executors', '1', '--threads', '1', ...args] });
    const stop = async (): Promise<void> => {
      await server.stop();
      rmSync(root, { recursive: true, force: true });
    };
    return { ...server, stop };
  } catch (error) {
    rmSync(root, { recursive: true, force: true });
    throw error;
  }
}
