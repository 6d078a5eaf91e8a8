import { fork } from 'node:child_process';
import { ask } from './channel.ts';

export interface ChildOptions {
  /** Who it is, in errors. */
  readonly name: string;
  /** Absolute path, or file URL. */
  readonly module: string | URL;
  readonly args?: readonly string[];
  readonly execArgv?: readonly string[];
  /** Where bare names of `execArgv` are resolved. */
  readonly cwd?: string;
  /** Added to the environment without OTEL_*, INFEROMETER_* and NODE_OPTIONS of whoever measures. */
  readonly env?: Readonly<Record<string, string>>;
  /** Found in its output when it is ready. */
  readonly ready: RegExp;
}

/** A Node process that is ready. */
export interface Child extends AsyncDisposable {
  /** What `ready` found. */
  readonly match: RegExpExecArray;
  /** @throws {Error} with what it printed if it ends before it answers, or with what it threw */
  ask(question: string, details?: unknown): Promise<unknown>;
}

const startLimitMs = 60_000;
/** Enough of the output for an error and its stack. */
const keptCharacters = 4000;

/** @throws {Error} with what it printed if it is not ready in a minute */
export async function startChild(options: ChildOptions): Promise<Child> {
  const child = fork(options.module, options.args ?? [], {
    execArgv: [...(options.execArgv ?? [])],
    env: { ...withoutSettings(), NODE_ENV: 'production', ...options.env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    serialization: 'advanced',
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  let output = '';
  const ended = Promise.withResolvers<never>();
  const ready = Promise.withResolvers<RegExpExecArray>();
  // Nobody may be waiting when it ends.
  ended.promise.catch(() => {});
  const fail = (reason: string): void =>
    ended.reject(new Error(`${options.name} ${reason}:\n${output.trim()}`));
  const timer = setTimeout(() => fail(`was not ready in ${startLimitMs} ms`), startLimitMs);
  // 'close', not 'exit': all that it printed is there by then.
  const closed = new Promise<void>((resolve) => {
    child.once('close', (code, signal) => {
      fail(`ended (${signal ?? `exit code ${code}`})`);
      resolve();
    });
  });
  child.once('error', (error) => fail(error.message));
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      output = (output + chunk).slice(-keptCharacters);
      const match = options.ready.exec(output);
      if (match) ready.resolve(match);
    });
  }
  const stop = async (): Promise<void> => {
    // Not SIGTERM: one of the rivals never ends on it, and nothing is left to be flushed.
    child.kill('SIGKILL');
    await closed;
  };
  try {
    const match = await Promise.race([ready.promise, ended.promise]);
    return {
      match,
      ask: (question, details) => Promise.race([ask(child, question, details), ended.promise]),
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    await stop();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** The environment without the settings of whoever measures. */
export function withoutSettings(): NodeJS.ProcessEnv {
  const own = /^(OTEL_|INFEROMETER_|ELASTIC_|NODE_OPTIONS$)/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !own.test(name)));
}
