import { fileURLToPath } from 'node:url';
import { type RunningProcess, startProcess } from '@inferometer/testkit';

const bin = fileURLToPath(new URL('../bin/inferometer.js', import.meta.url));

/** The bundled models' directories. */
export const encoderDir: string = fileURLToPath(new URL('../models/nickname-encoder', import.meta.url));
export const lmDir: string = fileURLToPath(new URL('../models/nickname-lm', import.meta.url));

export interface ServerOptions {
  /** Of `inferometer serve`, beside free ports. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export interface TestServer extends AsyncDisposable {
  readonly url: string;
  readonly process: RunningProcess;
  /** POSTs JSON. */
  post(path: string, body: unknown, headers?: Readonly<Record<string, string>>): Promise<Response>;
  /** The JSON of a GET. */
  get<T>(path: string): Promise<T>;
  stop(): Promise<void>;
}

/** No setting of the machine's own may reach the server under test. */
const cleanEnv: Readonly<Record<string, undefined>> = Object.fromEntries(
  Object.keys(process.env)
    .filter((name) => /^(OTEL|INFEROMETER)_/.test(name) && !name.startsWith('INFEROMETER_PART'))
    .map((name) => [name, undefined]),
);

/** The real server on a free port, ready. */
export async function startServer(options: ServerOptions = {}): Promise<TestServer> {
  const running = await startProcess({
    name: 'inferometer serve',
    command: process.execPath,
    args: [bin, 'serve', '--port', '0', '--metrics-port', 'off', ...(options.args ?? [])],
    env: { ...cleanEnv, ...options.env },
    ready: { output: /page\s+(http:\/\/\S+)\//, url: (match) => `${match[1]}/readyz` },
    readyTimeoutMs: 90_000,
  });
  const url = running.match?.[1] as string;
  const stop = async (): Promise<void> => void (await running.stop());
  return {
    url,
    process: running,
    post: (path, body, headers = {}) =>
      fetch(url + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
      }),
    async get<T>(path: string) {
      return (await (await fetch(url + path)).json()) as T;
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** Runs `inferometer` to its end. */
export async function runCli(args: readonly string[]): Promise<{ code: number | null; stderr: string }> {
  const running = await startProcess({ command: process.execPath, args: [bin, ...args], env: cleanEnv });
  const { code } = await running.exited;
  return { code, stderr: running.stderr() };
}

/** Cosine of two vectors of length 1. */
export function cosine(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, index) => sum + value * (b[index] ?? Number.NaN), 0);
}
