import { inspectGpus } from '@inferometer/gpu';
import type { Env } from '../config/env.ts';
import type { TelemetryConfig } from '../config/telemetry-config.ts';
import { type CheckFinding, check } from './finding.ts';

/** What is read of GPUs, or why nothing is. Most machines have none, which is nothing to look at. */
export async function checkGpus({ gpu }: TelemetryConfig, env: Env): Promise<readonly CheckFinding[]> {
  const name = 'GPU';
  if (!gpu.enabled) return [check('ok', name, 'is not looked for, by INFEROMETER_GPU')];
  const { library, driverVersion, devices, problem } = await inspectGpus(
    { ...env },
    gpu.scope,
    gpu.timeoutMs,
  );
  if (library === undefined) return [check('ok', name, `none: ${problem}`)];
  const driver = driverVersion === undefined ? '' : `, driver ${driverVersion}`;
  if (problem !== undefined) return [check('warning', name, `${library}${driver}: ${problem}`)];
  return [
    check('ok', name, `${library}${driver}, ${devices.length} to read`),
    ...devices.map(({ id, name: model = 'unknown', state, inferenceDevice = 'not shown by CUDA' }) =>
      check(state === 'ok' ? 'ok' : 'warning', name, `${model} ${id}, ${inferenceDevice}, is ${state}`),
    ),
  ];
}
