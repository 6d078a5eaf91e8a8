import type { TelemetryConfig } from '../config/telemetry-config.ts';
import { type CheckFinding, check } from './finding.ts';

/** Where /profiling answers and whom, where `INFEROMETER_PROFILING` asks for it. */
export function checkProfiling(config: TelemetryConfig): readonly CheckFinding[] {
  const { enabled, token } = config.profiling;
  if (!enabled) return [];
  if (!config.instrumentations.enabled.includes('http')) {
    const message = 'is only where an app mounts it: the instrumentation http is off';
    return [check('warning', 'profiling', message)];
  }
  const whom = token === undefined ? 'this machine alone' : 'this machine, and whoever sends the token';
  return [check('ok', 'profiling', `/profiling at each HTTP server, for ${whom}`)];
}
