import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const entryPoint = fileURLToPath(new URL('./optimise-main.js', import.meta.url));

export interface Optimising {
  /** What went wrong, in one line; undefined if nothing did. Never rejects. */
  readonly ended: Promise<string | undefined>;
  /** Ends it; what it has made so far is lost. */
  stop(): void;
}

/**
 * Puts the optimised form of a graph into the cache, in a process of the lowest priority: a graph that brings onnxruntime
 * down, or a disk that is full, is no harm to those who serve.
 */
export function optimiseGraph(graph: string, entry: string): Optimising {
  const env = { ...process.env };
  delete env.NODE_OPTIONS;
  const child = spawn(process.execPath, [entryPoint, graph, entry], {
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  // A server that has nothing else to do ends without it.
  child.unref();
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-1000);
  });
  const ended = new Promise<string | undefined>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => {
      if (code === 0) resolve(undefined);
      else resolve(said.trim() || (signal ? `killed by ${signal}` : `exit code ${code}`));
    });
  });
  return { ended, stop: () => void child.kill('SIGKILL') };
}
