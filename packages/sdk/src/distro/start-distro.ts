import { loadConfig } from '../config/load-config.ts';
import { createInstrumentations } from '../instrumentation/create-instrumentations.ts';
import { withHooks } from '../instrumentation/install-hooks.ts';
import { createPromClientInstrumentation, type PromRegistryLike } from '../instrumentation/prom-client.ts';
import { detectResource } from '../resource/detect-resource.ts';
import { startTelemetry } from '../start.ts';
import { flushAtEnd } from './shutdown.ts';
import { startUpLine } from './start-up-line.ts';
import { distroVersion } from './version.ts';

/**
 * Starts telemetry for an application that does not know of it: configuration, hooks, instrumentations, resource,
 * the start-up line, and the flush at the end.
 * @param say prints a line
 * @throws {RangeError} for a variable or a file that cannot be followed; nothing has been started then
 */
export function startDistro(env: NodeJS.ProcessEnv, say: (line: string) => void): void {
  const config = loadConfig(env);
  if (!config.enabled) return;
  const version = distroVersion();
  for (const warning of config.warnings) say(`inferometer: ${warning}`);

  const early: PromRegistryLike[] = [];
  let found = (registry: PromRegistryLike): void => void early.push(registry);
  const instrumentations = withHooks(() => [
    ...createInstrumentations(config.instrumentations),
    createPromClientInstrumentation(version, (registry) => found(registry)),
  ]);
  const running = startTelemetry({
    config,
    log: { info: say, warn: say, error: say },
    instrumentations,
    resource: detectResource(config.resource, { distroVersion: version, env }),
    httpServers: config.instrumentations.enabled.includes('http'),
  });
  found = running.addRegistry;
  for (const registry of early) found(registry);
  flushAtEnd(running, config.shutdownLimitMs, process);

  if (config.quiet) return;
  const names = config.instrumentations.enabled;
  void running.metricsUrl().then((url) => say(startUpLine(version, config, names, url)));
}
