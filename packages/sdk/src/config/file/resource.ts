import type { ResourceConfigModel } from '@opentelemetry/configuration';
import { type Env, flagOf, textOf } from '../env.ts';
import { attributesOf, type DetectorName, type ResourceConfig, type ResourceValue } from '../resource.ts';
import { componentAt } from './section.ts';

/**
 * The file's resource. Its detectors are those it lists; `env` and `service` read the environment, as their names say.
 * @throws {RangeError} that names the path in the file
 */
export function resourceAt(model: ResourceConfigModel | undefined, env: Env): ResourceConfig {
  const path = 'resource';
  const detection = model?.['detection/development'];
  const names = (detection?.detectors ?? []).map((detector, at) =>
    componentAt(`${path}.detection/development.detectors[${at}]`, detector, detectors),
  );
  const listName = `${path}.attributes_list`;
  const attributes: Record<string, ResourceValue> = {
    ...(names.includes('env') ? attributesOf(env, 'OTEL_RESOURCE_ATTRIBUTES') : {}),
    ...attributesOf({ [listName]: model?.attributes_list ?? undefined }, listName),
  };
  for (const { name, value } of model?.attributes ?? []) if (value !== null) attributes[name] = value;
  const named = attributes['service.name'];
  return {
    detectors: names,
    serviceName:
      (typeof named === 'string' ? named : undefined) ??
      (names.includes('serviceinstance') ? textOf(env, 'OTEL_SERVICE_NAME') : undefined),
    attributes,
    included: detection?.attributes?.included,
    excluded: detection?.attributes?.excluded,
    commandArgs: flagOf(env, 'INFEROMETER_COMMAND_ARGS') ?? false,
  };
}

const named = (name: DetectorName) => () => name;

/** By the file's names, of which `service` is `serviceinstance` in `OTEL_NODE_RESOURCE_DETECTORS`. */
const detectors = {
  container: named('container'),
  host: named('host'),
  process: named('process'),
  service: named('serviceinstance'),
  env: named('env'),
  os: named('os'),
  k8s: named('k8s'),
};
