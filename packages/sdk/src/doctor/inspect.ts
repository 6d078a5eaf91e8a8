import { messageOf } from '@inferometer/core';
import { type Env, textOf } from '../config/env.ts';
import { isEnabled } from '../config/is-enabled.ts';
import { loadConfig } from '../config/load-config.ts';
import type { TelemetryConfig } from '../config/telemetry-config.ts';
import { distroVersion } from '../distro/version.ts';
import { hookKind } from '../instrumentation/install-hooks.ts';
import { detectResource } from '../resource/detect-resource.ts';
import { checkApiCopies } from './api-copies.ts';
import { type CheckFinding, check, type Finding } from './finding.ts';
import { checkGpus } from './gpus.ts';
import { checkMetricsPort } from './metrics-port.ts';
import { checkProfiling } from './profiling.ts';
import { checkReceiver } from './receiver.ts';
import { settingsOf } from './settings.ts';
import { unknownVariables } from './unknown-variables.ts';

export interface InspectOptions {
  /** Names of `INFEROMETER_*` that others read than the SDK. @default [] */
  readonly knownVariables?: readonly string[];
  /** Directory of the application, whose packages are looked through. @default process.cwd() */
  readonly directory?: string;
}

const leastNode = [22, 15] as const;

/**
 * What is in force and what is wrong: settings, then checks. Looks only; the receivers get an empty request.
 * @param env what the application will be started with
 */
export async function inspect(env: Env = process.env, options: InspectOptions = {}): Promise<Finding[]> {
  const directory = options.directory ?? process.cwd();
  const common = [
    check('ok', 'inferometer', distroVersion()),
    nodeVersion(),
    ...unknownVariables(env, options.knownVariables ?? []),
    checkApiCopies(directory),
    check('ok', 'import hooks', `${hookKind()}`),
  ];
  let config: TelemetryConfig;
  try {
    config = loadConfig(env);
  } catch (error) {
    return [...common, check('error', 'configuration', messageOf(error))];
  }
  const checks = await Promise.all([...checksOf(config, env, directory)]);
  return [...settingsOf(config, env), ...common, ...checks.flat()];
}

function* checksOf(
  config: TelemetryConfig,
  env: Env,
  directory: string,
): Generator<readonly CheckFinding[] | Promise<readonly CheckFinding[]>> {
  for (const warning of config.warnings) yield [check('warning', 'configuration', warning)];
  if (config.file !== undefined) yield ignoredVariables(config.file, env);
  if (!config.enabled) {
    const why = isEnabled(env) ? config.file : 'INFEROMETER_ENABLED or OTEL_SDK_DISABLED';
    yield [check('warning', 'telemetry', `is off, by ${why}`)];
    return;
  }
  yield environmentOf(config, env, directory);
  if (config.traces === undefined) {
    yield [check('warning', 'OTLP traces', 'are not exported: OTEL_EXPORTER_OTLP_ENDPOINT is not set')];
  } else yield checkReceiver('traces', config.traces);
  if (config.metrics.otlp !== undefined) yield checkReceiver('metrics', config.metrics.otlp);
  yield checkProfiling(config);
  yield checkGpus(config, env);
  const { prometheus } = config.metrics;
  if (prometheus !== undefined) yield checkMetricsPort(prometheus).then((finding) => [finding]);
}

function nodeVersion(): CheckFinding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const isNew = major > leastNode[0] || (major === leastNode[0] && minor >= leastNode[1]);
  const advice = isNew ? '' : `; >= ${leastNode.join('.')} is needed`;
  return check(isNew ? 'ok' : 'error', 'Node', `${process.versions.node}${advice}`);
}

function ignoredVariables(file: string, env: Env): readonly CheckFinding[] {
  const ignored = Object.keys(env).filter(
    (name) => name.startsWith('OTEL_') && name !== 'OTEL_CONFIG_FILE' && textOf(env, name) !== undefined,
  );
  const read = check('ok', 'configuration', `read from ${file}`);
  if (ignored.length === 0) return [read];
  return [
    read,
    check('warning', 'configuration', `${ignored.sort().join(', ')} beside the file count for nothing`),
  ];
}

/** Where the process runs, as spans will say it. */
async function environmentOf(
  config: TelemetryConfig,
  env: Env,
  directory: string,
): Promise<readonly CheckFinding[]> {
  const options = { distroVersion: distroVersion(), env, script: undefined, directory };
  const attributes = await detectResource(config.resource, options).settled();
  const service = String(attributes['service.name']);
  const isNamed = !service.startsWith('unknown_service');
  const pod = attributes['k8s.pod.name'];
  const container = attributes['container.id'];
  return [
    check(
      isNamed ? 'ok' : 'warning',
      'service',
      isNamed ? service : `${service}; OTEL_SERVICE_NAME names it`,
    ),
    check('ok', 'container', container ? String(container) : 'none detected'),
    check(
      'ok',
      'Kubernetes',
      pod ? `Pod ${pod} in ${attributes['k8s.namespace.name'] ?? '?'}` : 'none detected',
    ),
  ];
}
