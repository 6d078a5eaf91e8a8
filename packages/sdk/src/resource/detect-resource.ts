import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Attributes } from '@opentelemetry/api';
import { containerDetector } from '@opentelemetry/resource-detector-container';
import {
  type DetectedResourceAttributes,
  defaultResource,
  hostDetector,
  osDetector,
  processDetector,
  type Resource,
  resourceFromAttributes,
} from '@opentelemetry/resources';
import type { Env } from '../config/env.ts';
import type { DetectorName, ResourceConfig } from '../config/resource.ts';
import { isKept } from './attribute-filter.ts';
import { kubernetesAttributes } from './kubernetes.ts';
import { serviceOf } from './service.ts';

export interface ResourceOptions {
  /** Version of this distribution, `telemetry.distro.version`. */
  readonly distroVersion: string;
  /** `service.name` and `service.version` where the configuration does not say them. @default package.json's */
  readonly service?: { readonly name?: string | undefined; readonly version?: string | undefined };
  /** @default process.env */
  readonly env?: Env;
  /** Main script. @default process.argv[1] */
  readonly script?: string | undefined;
  /** Working directory. @default process.cwd() */
  readonly directory?: string;
}

export interface DetectedResource {
  readonly resource: Resource;
  /** `service.name`, and `service.version` where something says it. */
  readonly service: { readonly name: string; readonly version: string | undefined };
  /** The attributes that are there already. */
  readonly now: Attributes;
  /**
   * The attributes once those that come late (`host.id`, `container.id`) are there.
   * @param limitMs those that take longer are left out, ms, >= 0. @default 1000
   */
  settled(limitMs?: number): Promise<Attributes>;
}

/** Who telemetry comes from: what the configuration says over what detectors find. Never throws. */
export function detectResource(config: ResourceConfig, options: ResourceOptions): DetectedResource {
  const env = options.env ?? process.env;
  const script = 'script' in options ? options.script : process.argv[1];
  const service = serviceOf(script, options.directory ?? process.cwd());
  const detected: DetectedResourceAttributes = {};
  for (const name of config.detectors) Object.assign(detected, detect(name, env, config));
  const kept = Object.entries(detected).filter(([key]) => isKept(key, config.included, config.excluded));
  const serviceName = config.serviceName ?? options.service?.name ?? service.name;
  const serviceVersion = options.service?.version ?? service.version;
  const said: DetectedResourceAttributes = {
    ...(serviceName === undefined ? {} : { 'service.name': serviceName }),
    ...(serviceVersion === undefined ? {} : { 'service.version': serviceVersion }),
    ...(config.attributes as DetectedResourceAttributes),
    ...(config.serviceName === undefined ? {} : { 'service.name': config.serviceName }),
    'telemetry.distro.name': 'inferometer',
    'telemetry.distro.version': options.distroVersion,
  };
  const resource = defaultResource()
    .merge(resourceFromAttributes(Object.fromEntries(kept)))
    .merge(resourceFromAttributes(said));
  const raw = (key: string) => resource.getRawAttributes().find(([one]) => one === key)?.[1];
  const version = raw('service.version');
  return {
    resource,
    service: {
      name: String(raw('service.name')),
      version: version === undefined ? undefined : String(version),
    },
    get now() {
      const there = resource.getRawAttributes().filter(([, value]) => !(value instanceof Promise));
      return Object.fromEntries(there.reverse()) as Attributes;
    },
    settled: (limitMs) => settledAttributes(resource, limitMs),
  };
}

function detect(name: DetectorName, env: Env, config: ResourceConfig): DetectedResourceAttributes {
  if (name === 'host') return hostDetector.detect().attributes ?? {};
  if (name === 'os') return osDetector.detect().attributes ?? {};
  if (name === 'process') return processAttributes(config.commandArgs);
  if (name === 'serviceinstance') return { 'service.instance.id': randomUUID() };
  if (name === 'container') return containerDetector.detect().attributes ?? {};
  if (name === 'k8s') return kubernetesAttributes({ env, hostname: hostname() });
  // What `env` finds is in the configuration already.
  return {};
}

/** Without the arguments of the command, which may hold tokens and passwords, unless they are asked for. */
function processAttributes(withArguments: boolean): DetectedResourceAttributes {
  const attributes = { ...processDetector.detect().attributes };
  if (!withArguments) delete attributes['process.command_args'];
  return attributes;
}

async function settledAttributes(resource: Resource, limitMs = 1000): Promise<Attributes> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, limitMs, undefined).unref();
  });
  const raw = await Promise.all(
    // Later ones are overridden by earlier ones, as in the resource itself.
    resource
      .getRawAttributes()
      .map(async ([key, value]) => [key, await Promise.race([value, limit])] as const),
  );
  clearTimeout(timer);
  const set = raw.reverse().filter(([, value]) => value !== undefined && value !== '');
  return Object.fromEntries(set) as Attributes;
}
