import { type Env, isFalse, isTrue } from './env.ts';

/** Whether telemetry is on; asked before anything is loaded. */
export function isEnabled(env: Env): boolean {
  return !isTrue(env.OTEL_SDK_DISABLED) && !isFalse(env.INFEROMETER_ENABLED);
}
