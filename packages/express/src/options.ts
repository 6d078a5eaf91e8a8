import type { IncomingMessage } from 'node:http';
import { isBelow, type ProfilingAccess, profilingPath, type Telemetry } from '@inferometer/core';

export interface InferometerOptions {
  /** Where requests are recorded. @default what `@inferometer/sdk` has started in this process */
  readonly telemetry?: Telemetry;
  /**
   * Whether, where and to whom `/profiling` answers.
   * @default as `INFEROMETER_PROFILING` (1 or 0) and `INFEROMETER_PROFILING_TOKEN` say: on, for this machine alone
   */
  readonly profiling?: boolean | ProfilingOptions;
  /** Whether answers carry `Server-Timing`, `x-queue-time`, `x-inference-time` and `x-total-time`. @default true */
  readonly timingHeaders?: boolean;
  /** Phase that a request is in from its start until it enters another one. @default none */
  readonly phase?: string;
  /** Paths, each with all below it, or a function that chooses requests: these are not recorded. @default none */
  readonly ignore?: readonly string[] | ((request: IncomingMessage) => boolean);
}

export interface ProfilingOptions extends ProfilingAccess {
  /** Path below the one at which the middleware is mounted; begins with a slash. @default '/profiling' */
  readonly path?: string;
}

/** The options with everything decided. */
export interface ResolvedOptions {
  readonly telemetry: Telemetry | undefined;
  /** Undefined where /profiling is off. */
  readonly profiling: { readonly path: string; readonly access: ProfilingAccess } | undefined;
  readonly timingHeaders: boolean;
  readonly phase: string | undefined;
  readonly isIgnored: ((request: IncomingMessage, path: string) => boolean) | undefined;
}

type Env = Readonly<Record<string, string | undefined>>;

/** @throws {RangeError} for an option or a variable that cannot be followed */
export function resolveOptions(options: InferometerOptions, env: Env = process.env): ResolvedOptions {
  return {
    telemetry: options.telemetry,
    profiling: resolveProfiling(options.profiling, env),
    timingHeaders: options.timingHeaders ?? true,
    phase: options.phase,
    isIgnored: resolveIgnore(options.ignore),
  };
}

/**
 * Whether the app's code says who sees `/profiling` at the servers' own path, or that nobody does: what
 * `INFEROMETER_PROFILING` says is for those that do not.
 */
export function decidesProfiling({ profiling, telemetry }: InferometerOptions): boolean {
  if (profiling === false) return true;
  const { path = profilingPath, token } = typeof profiling === 'object' ? profiling : {};
  return path === profilingPath && (token !== undefined || telemetry !== undefined);
}

function resolveProfiling(option: InferometerOptions['profiling'], env: Env): ResolvedOptions['profiling'] {
  if (!(option ?? isOn(env))) return undefined;
  const { path = profilingPath, token = env.INFEROMETER_PROFILING_TOKEN?.trim() || undefined } =
    typeof option === 'object' ? option : {};
  if (!/^\/.*[^/]$/.test(path)) {
    throw new RangeError(`profiling.path must begin with a slash and not end with one, got ${path}`);
  }
  return { path, access: token === undefined ? {} : { token } };
}

function isOn(env: Env): boolean {
  const value = env.INFEROMETER_PROFILING?.trim().toLowerCase() ?? '';
  if (value === '' || value === '1' || value === 'true') return true;
  if (value === '0' || value === 'false') return false;
  throw new RangeError(`INFEROMETER_PROFILING must be 1, true, 0 or false, got ${value}`);
}

function resolveIgnore(ignore: InferometerOptions['ignore']): ResolvedOptions['isIgnored'] {
  if (ignore === undefined) return undefined;
  if (typeof ignore === 'function') return ignore;
  for (const path of ignore) {
    if (!path.startsWith('/'))
      throw new RangeError(`ignore must hold paths that begin with a slash, got ${path}`);
  }
  return (_request, path) => ignore.some((one) => isBelow(path, one));
}
