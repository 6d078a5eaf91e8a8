import {
  type AggregationOption,
  AggregationType,
  createAllowListAttributesProcessor,
  createDenyListAttributesProcessor,
  InstrumentType,
  type ViewOptions,
} from '@opentelemetry/sdk-metrics';
import type { ViewConfig } from '../config/telemetry-config.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** A view of the configuration file as the stock SDK has it. */
export function viewOptions(view: ViewConfig): ViewOptions {
  const options: Mutable<ViewOptions> = {};
  if (view.instrumentName !== undefined) options.instrumentName = view.instrumentName;
  if (view.instrumentType !== undefined) {
    options.instrumentType = InstrumentType[view.instrumentType.toUpperCase() as keyof typeof InstrumentType];
  }
  if (view.instrumentUnit !== undefined) options.instrumentUnit = view.instrumentUnit;
  if (view.meterName !== undefined) options.meterName = view.meterName;
  if (view.meterVersion !== undefined) options.meterVersion = view.meterVersion;
  if (view.meterSchemaUrl !== undefined) options.meterSchemaUrl = view.meterSchemaUrl;
  if (view.name !== undefined) options.name = view.name;
  if (view.description !== undefined) options.description = view.description;
  if (view.cardinalityLimit !== undefined) options.aggregationCardinalityLimit = view.cardinalityLimit;
  const processors = [
    ...(view.includedKeys ? [createAllowListAttributesProcessor([...view.includedKeys])] : []),
    ...(view.excludedKeys ? [createDenyListAttributesProcessor([...view.excludedKeys])] : []),
  ];
  if (processors.length > 0) options.attributesProcessors = processors;
  if (view.aggregation) options.aggregation = aggregationOf(view.aggregation);
  return options;
}

function aggregationOf(aggregation: NonNullable<ViewConfig['aggregation']>): AggregationOption {
  switch (aggregation.kind) {
    case 'drop':
      return { type: AggregationType.DROP };
    case 'last_value':
      return { type: AggregationType.LAST_VALUE };
    case 'sum':
      return { type: AggregationType.SUM };
    case 'explicit_bucket_histogram':
      return aggregation.bounds
        ? {
            type: AggregationType.EXPLICIT_BUCKET_HISTOGRAM,
            options: { boundaries: [...aggregation.bounds], recordMinMax: aggregation.minMax },
          }
        : { type: AggregationType.EXPLICIT_BUCKET_HISTOGRAM };
    case 'base2_exponential_bucket_histogram':
      return {
        type: AggregationType.EXPONENTIAL_HISTOGRAM,
        options: { maxSize: aggregation.maxSize, recordMinMax: aggregation.minMax },
      };
    default:
      return { type: AggregationType.DEFAULT };
  }
}
