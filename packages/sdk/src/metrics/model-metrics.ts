import { METRIC, type MetricMemory, type ModelReading } from '@inferometer/core';

/** How models and their executors are, written to shared memory. */
export interface ModelMetrics {
  opened(reading: ModelReading): void;
  /** Writes what can only be read from time to time: executors, places for generations. */
  sample(): void;
}

export function createModelMetrics(memory: MetricMemory): ModelMetrics {
  const batchSizeLimit = memory.gauge({
    name: METRIC.batchSizeLimit,
    help: 'Items in one model run, at most.',
    labels: ['model'],
  });
  const executors = memory.gauge({
    name: METRIC.executors,
    help: 'Executors of a model: ready, being started, or waiting to be started again after they failed.',
    labels: ['model', 'state'],
  });
  const slots = memory.gauge({
    name: METRIC.generationSlots,
    help: 'Places for generations in the executors that are up, by whether one is in use.',
    labels: ['model', 'state'],
  });
  const kvUtilization = memory.gauge({
    name: METRIC.kvCacheUtilization,
    help: 'Tokens whose keys and values are held, over those that all places for generations have room for.',
    unit: '1',
    labels: ['model'],
  });
  /** By model: one that is loaded anew takes the place of the one before. */
  const readings = new Map<string, ModelReading>();
  const sample = (): void => {
    for (const { model, executors: states, generations } of readings.values()) {
      const { ready, starting, failed } = states();
      executors.of(model, 'ready').set(ready);
      executors.of(model, 'starting').set(starting);
      executors.of(model, 'failed').set(failed);
      if (generations === undefined) continue;
      const { usedSlots, freeSlots, kvUtilization: ratio } = generations();
      slots.of(model, 'used').set(usedSlots);
      slots.of(model, 'free').set(freeSlots);
      kvUtilization.of(model).set(ratio);
    }
  };
  return {
    sample,
    opened(reading) {
      readings.set(reading.model, reading);
      batchSizeLimit.of(reading.model).set(reading.batchSizeLimit);
      sample();
    },
  };
}
