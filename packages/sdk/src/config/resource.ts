import { type Env, flagOf, listOf, memberOf, textOf } from './env.ts';

export const detectorNames = ['env', 'host', 'os', 'process', 'serviceinstance', 'container', 'k8s'] as const;
export type DetectorName = (typeof detectorNames)[number];

export type ResourceValue = string | number | boolean | readonly (string | number | boolean)[];

/** What is said of the process that telemetry comes from. */
export interface ResourceConfig {
  /** `OTEL_NODE_RESOURCE_DETECTORS`. @default all */
  readonly detectors: readonly DetectorName[];
  /** `service.name` as `OTEL_SERVICE_NAME` or the file says it. @default undefined: package.json's name */
  readonly serviceName: string | undefined;
  /** Attributes that win over detected ones: `OTEL_RESOURCE_ATTRIBUTES`. @default {} */
  readonly attributes: Readonly<Record<string, ResourceValue>>;
  /** Detected attributes that are kept, with `*` and `?`; only a file can say it. @default all */
  readonly included: readonly string[] | undefined;
  /** Detected attributes that are left out, with `*` and `?`; only a file can say it. @default none */
  readonly excluded: readonly string[] | undefined;
  /** Adds `process.command_args`, which may hold secrets: `INFEROMETER_COMMAND_ARGS`. @default false */
  readonly commandArgs: boolean;
}

/** @throws {RangeError} that names the variable, what was expected and the value */
export function resourceOf(env: Env): ResourceConfig {
  const detectors = detectorsOf(env);
  const attributes = detectors.includes('env') ? attributesOf(env, 'OTEL_RESOURCE_ATTRIBUTES') : {};
  return {
    detectors,
    serviceName: textOf(env, 'OTEL_SERVICE_NAME') ?? attributes['service.name'],
    attributes,
    included: undefined,
    excluded: undefined,
    commandArgs: flagOf(env, 'INFEROMETER_COMMAND_ARGS') ?? false,
  };
}

function detectorsOf(env: Env): readonly DetectorName[] {
  const name = 'OTEL_NODE_RESOURCE_DETECTORS';
  const possible = [...detectorNames, 'all', 'none'] as const;
  const asked = (listOf(env, name) ?? ['all']).map((one) => memberOf(name, possible, one));
  if (asked.includes('all')) return detectorNames;
  return asked.includes('none') ? [] : detectorNames.filter((one) => asked.includes(one));
}

/** @throws {RangeError} for a part without `=` or a value that does not decode */
export function attributesOf(env: Env, name: string): Record<string, string> {
  const attributes: Record<string, string> = {};
  for (const pair of textOf(env, name)?.split(',') ?? []) {
    if (pair.trim() === '') continue;
    const at = pair.indexOf('=');
    try {
      if (at < 1) throw new RangeError();
      attributes[decodeURIComponent(pair.slice(0, at).trim())] = decodeURIComponent(
        pair.slice(at + 1).trim(),
      );
    } catch {
      throw new RangeError(
        `${name} must be key=value pairs with commas between, "," "=" and "%" in them percent-encoded, got ${pair.trim()}`,
      );
    }
  }
  return attributes;
}
