import { messageOf } from '@inferometer/core';
import { type Attributes, diag } from '@opentelemetry/api';
import type { ResourceMetricsLike } from '../exposition/from-otel.ts';
import type { PromClientMetric } from '../exposition/from-prom-client.ts';
import type { Snapshot } from '../shared/messages.ts';

/** The part of a prom-client registry that we call. */
export interface RegistryLike {
  getMetricsAsJSON(): Promise<unknown>;
}

/** The part of a metric reader that we call. */
export interface ReaderLike {
  collect(): Promise<{ readonly resourceMetrics: ResourceMetricsLike; readonly errors: readonly unknown[] }>;
}

/** Reads what only the main thread can: the API's instruments and prom-client's registries. */
export interface Snapshots {
  /** @param resource attributes, once those that come late are there */
  setReader(reader: ReaderLike, resource: Promise<Attributes>): void;
  addRegistry(registry: RegistryLike): void;
  /** One reading, shared by all who ask at the same time or soon after. */
  readonly collect: () => Promise<Snapshot>;
  /** Makes the next reading a new one. */
  expire(): void;
}

/**
 * A reading is good for so long. Instruments that tell of the time since they were last read, such as the event loop's
 * delay and utilisation, would otherwise have nothing to tell to a scrape that follows a push.
 */
const sharedMs = 200;

export function createSnapshots(registries: readonly RegistryLike[]): Snapshots {
  const all = [...registries];
  let reader: ReaderLike | undefined;
  let resource: Promise<Attributes> = Promise.resolve({});
  let reading: Promise<Snapshot> | undefined;
  let readAt = Number.NEGATIVE_INFINITY;

  const read = async (): Promise<Snapshot> => {
    const prom: PromClientMetric[][] = [];
    for (const registry of all) {
      try {
        prom.push((await registry.getMetricsAsJSON()) as PromClientMetric[]);
      } catch (error) {
        diag.error(`a prom-client registry cannot be read: ${messageOf(error)}`);
      }
    }
    if (reader === undefined) return { otel: undefined, prom };
    const attributes = await resource;
    const { resourceMetrics, errors } = await reader.collect();
    // A callback of the user's that throws costs its own instrument, not the scrape.
    if (errors.length > 0) diag.error(`collecting metrics: ${errors.map(messageOf).join('; ')}`);
    // A clone of its own resource would lose the attributes, which are behind a getter.
    const { scopeMetrics } = resourceMetrics;
    return { otel: { resource: { attributes }, scopeMetrics }, prom };
  };

  return {
    setReader(given, attributes) {
      reader = given;
      resource = attributes;
    },
    addRegistry(registry) {
      if (!all.includes(registry)) all.push(registry);
    },
    collect() {
      if (reading && performance.now() - readAt < sharedMs) return reading;
      // Until it is there everybody waits for it.
      readAt = Number.POSITIVE_INFINITY;
      reading = read().then(
        (snapshot) => {
          readAt = performance.now();
          return snapshot;
        },
        (error: unknown) => {
          reading = undefined;
          throw error;
        },
      );
      return reading;
    },
    expire() {
      reading = undefined;
    },
  };
}
