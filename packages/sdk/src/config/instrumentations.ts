import { type Env, flagOf, listOf } from './env.ts';
import {
  type InstrumentationName,
  type InstrumentationsConfig,
  instrumentationNames,
} from './telemetry-config.ts';

/** Names that others use for the same. */
const aliases: Readonly<Record<string, InstrumentationName>> = { runtime: 'runtime-node' };

/** An unknown name is a warning: the list may be one that other distributions read as well. */
export function instrumentationsOf(env: Env, warnings: string[]): InstrumentationsConfig {
  const asked = namesOf(env, 'OTEL_NODE_ENABLED_INSTRUMENTATIONS', warnings) ?? instrumentationNames;
  const not = namesOf(env, 'OTEL_NODE_DISABLED_INSTRUMENTATIONS', warnings) ?? [];
  return {
    enabled: instrumentationNames.filter((name) => asked.includes(name) && !not.includes(name)),
    expressLayers: flagOf(env, 'INFEROMETER_EXPRESS_LAYERS') ?? false,
    sendLogs: sendsLogs(env, warnings),
  };
}

/** @returns undefined for a name that we do not have */
export function instrumentationOf(name: string): InstrumentationName | undefined {
  return aliases[name] ?? instrumentationNames.find((one) => one === name);
}

function namesOf(env: Env, variable: string, warnings: string[]): readonly InstrumentationName[] | undefined {
  return listOf(env, variable)?.flatMap((name) => {
    const known = instrumentationOf(name);
    if (known === undefined) {
      warnings.push(
        `${variable} names ${name}, which is not here; there are ${instrumentationNames.join(', ')}`,
      );
    }
    return known ?? [];
  });
}

function sendsLogs(env: Env, warnings: string[]): boolean {
  const exporters = listOf(env, 'OTEL_LOGS_EXPORTER') ?? ['none'];
  if (exporters.every((name) => name === 'none')) return false;
  warnings.push(
    "OTEL_LOGS_EXPORTER: pino's lines are handed to the application's own logger provider; none is here",
  );
  return true;
}
