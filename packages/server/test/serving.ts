import { fileURLToPath } from 'node:url';
import {
  type Inferometer,
  type InferometerOptions,
  inferometerProgram,
  startInferometer,
  startProcess,
  withoutOwnSettings,
} from '@inferometer/testkit';

/** The bundled models' directories. */
export const encoderDir: string = fileURLToPath(new URL('../models/nickname-encoder', import.meta.url));
export const lmDir: string = fileURLToPath(new URL('../models/nickname-lm', import.meta.url));

export interface TestServer extends Inferometer {
  /** POSTs JSON. */
  post(path: string, body: unknown, headers?: Readonly<Record<string, string>>): Promise<Response>;
  /** The JSON of a GET. */
  get<T>(path: string): Promise<T>;
}

/** The real server on a free port, ready, with short ways to ask it. */
export async function startServer(options: InferometerOptions = {}): Promise<TestServer> {
  const server = await startInferometer(options);
  const { url } = server;
  return {
    ...server,
    post: (path, body, headers = {}) =>
      fetch(url + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
      }),
    async get<T>(path: string) {
      return (await (await fetch(url + path)).json()) as T;
    },
  };
}

/** Runs `inferometer` to its end. */
export async function runCli(args: readonly string[]): Promise<{ code: number | null; stderr: string }> {
  const running = await startProcess({
    command: process.execPath,
    args: [inferometerProgram, ...args],
    env: withoutOwnSettings(),
  });
  const { code } = await running.exited;
  return { code, stderr: running.stderr() };
}

/** Cosine of two vectors of length 1. */
export function cosine(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, index) => sum + value * (b[index] ?? Number.NaN), 0);
}
