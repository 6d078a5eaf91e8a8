import { execFile } from 'node:child_process';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { appFile } from './rows.ts';
import { withoutSettings } from './start-child.ts';

/** One call of `phase` with an empty function. */
export interface PhaseCall {
  readonly ns: number;
  /** Allocated on the heap; below 1 is the noise of what else the process does. */
  readonly bytes: number;
}

export interface PhaseCalls {
  /** Calling the empty function through a function of the same shape. */
  readonly plain_call: PhaseCall;
  /** INFEROMETER_ENABLED=false. */
  readonly disabled: PhaseCall;
  /** The API package alone. */
  readonly without_sdk: PhaseCall;
  /** Telemetry on, outside any request. */
  readonly no_trace_active: PhaseCall;
}

export interface PhaseCallEffort {
  /** A round, integer >= 1. */
  readonly calls: number;
  readonly rounds: number;
}

const register = ['--import', '@inferometer/sdk/register'];
const on = { OTEL_TRACES_EXPORTER: 'none', OTEL_METRICS_EXPORTER: 'none', INFEROMETER_STRICT: 'true' };

/** Each in a process of its own: V8 optimises a call for what it has seen. */
export async function measurePhaseCalls(effort: PhaseCallEffort): Promise<PhaseCalls> {
  return {
    plain_call: await measure('none', [], {}, effort),
    disabled: await measure('inferometer', register, { ...on, INFEROMETER_ENABLED: 'false' }, effort),
    without_sdk: await measure('inferometer', [], {}, effort),
    no_trace_active: await measure('inferometer', register, on, effort),
  };
}

async function measure(
  telemetry: string,
  execArgv: readonly string[],
  env: Readonly<Record<string, string>>,
  effort: PhaseCallEffort,
): Promise<PhaseCall> {
  const script = appFile('phase-call.mjs');
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [...execArgv, script, telemetry, String(effort.calls), String(effort.rounds)],
    // A bare name after --import is looked for from the working directory.
    { cwd: dirname(script), env: { ...withoutSettings(), ...env } },
  );
  // A start-up line of the distribution may stand before it.
  return JSON.parse(stdout.trim().split('\n').at(-1) as string) as PhaseCall;
}
