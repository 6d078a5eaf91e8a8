import { fileURLToPath } from 'node:url';
import { type RunningProcess, startProcess } from './process/start-process.ts';

/** The program of the checkout. */
export const inferometerProgram: string = fileURLToPath(
  new URL('../../../packages/server/bin/inferometer.js', import.meta.url),
);

export interface InferometerOptions {
  /** Of `inferometer serve`, beside a free port and no metrics port. */
  readonly args?: readonly string[];
  /** Added to an environment without the tester's own settings. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export interface Inferometer extends AsyncDisposable {
  /** `http://127.0.0.1:40123` */
  readonly url: string;
  readonly process: RunningProcess;
  stop(): Promise<void>;
}

/** What the environment of whoever runs the tests says to the service is not what is tested. */
export function withoutOwnSettings(): Record<string, undefined> {
  const names = Object.keys(process.env).filter((name) => /^(OTEL|INFEROMETER)_/.test(name));
  return Object.fromEntries(names.map((name) => [name, undefined]));
}

/** The real service on a free port, its models warm. @throws {Error} with what it printed if it does not start */
export async function startInferometer(options: InferometerOptions = {}): Promise<Inferometer> {
  const running = await startProcess({
    name: 'inferometer serve',
    command: process.execPath,
    args: [inferometerProgram, 'serve', '--port', '0', '--metrics-port', 'off', ...(options.args ?? [])],
    env: { ...withoutOwnSettings(), ...options.env },
    // Printed once the models are warm.
    ready: { output: /page\s+(http:\/\/\S+)\//, url: (match) => `${match[1]}/readyz` },
    readyTimeoutMs: 120_000,
  });
  const stop = async (): Promise<void> => void (await running.stop());
  return { url: running.match?.[1] as string, process: running, stop, [Symbol.asyncDispose]: stop };
}
