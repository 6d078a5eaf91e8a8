import type {
  AggregationConfigModel,
  Base2ExponentialBucketHistogramAggregationConfigModel,
  ExplicitBucketHistogramAggregationConfigModel,
  ViewConfigModel,
} from '@opentelemetry/configuration';
import { areBounds } from '../histogram-bounds.ts';
import type { ViewConfig } from '../telemetry-config.ts';
import { componentAt, refuse } from './section.ts';

type Aggregation = NonNullable<ViewConfig['aggregation']>;

/** @throws {RangeError} that names the path in the file */
export function viewAt(path: string, { selector, stream }: ViewConfigModel): ViewConfig {
  return {
    instrumentName: selector.instrument_name ?? undefined,
    instrumentType: selector.instrument_type ?? undefined,
    instrumentUnit: selector.unit ?? undefined,
    meterName: selector.meter_name ?? undefined,
    meterVersion: selector.meter_version ?? undefined,
    meterSchemaUrl: selector.meter_schema_url ?? undefined,
    name: stream.name ?? undefined,
    description: stream.description ?? undefined,
    cardinalityLimit: stream.aggregation_cardinality_limit ?? undefined,
    includedKeys: exactKeys(`${path}.stream.attribute_keys.included`, stream.attribute_keys?.included),
    excludedKeys: exactKeys(`${path}.stream.attribute_keys.excluded`, stream.attribute_keys?.excluded),
    aggregation: stream.aggregation && aggregationAt(`${path}.stream.aggregation`, stream.aggregation),
  };
}

function exactKeys(path: string, keys: readonly string[] | undefined): readonly string[] | undefined {
  const pattern = keys?.find((key) => /[*?]/.test(key));
  if (pattern !== undefined) refuse(path, `must have whole keys, got the pattern ${pattern}`);
  return keys;
}

function aggregationAt(path: string, model: AggregationConfigModel): Aggregation {
  return componentAt<Aggregation>(path, model, {
    default: () => ({ kind: 'default' }),
    drop: () => ({ kind: 'drop' }),
    last_value: () => ({ kind: 'last_value' }),
    sum: () => ({ kind: 'sum' }),
    explicit_bucket_histogram: (at, settings) => {
      const histogram = settings as NonNullable<ExplicitBucketHistogramAggregationConfigModel>;
      const bounds = histogram.boundaries;
      if (bounds !== undefined && !areBounds(bounds)) {
        refuse(`${at}.boundaries`, `must be finite, ascending numbers, got ${JSON.stringify(bounds)}`);
      }
      return { kind: 'explicit_bucket_histogram', bounds, minMax: histogram.record_min_max ?? true };
    },
    base2_exponential_bucket_histogram: (at, settings) => {
      const histogram = settings as NonNullable<Base2ExponentialBucketHistogramAggregationConfigModel>;
      if ((histogram.max_scale ?? 20) !== 20) {
        refuse(`${at}.max_scale`, `must be 20, from which the SDK starts, got ${histogram.max_scale}`);
      }
      return {
        kind: 'base2_exponential_bucket_histogram',
        maxSize: histogram.max_size ?? 160,
        minMax: histogram.record_min_max ?? true,
      };
    },
  });
}
