import { type Env, integerOf, textOf } from './env.ts';

/** What a span may hold, `OTEL_SPAN_*`, `OTEL_EVENT_*`, `OTEL_LINK_*`, `OTEL_ATTRIBUTE_*`; the rest is dropped and counted. */
export interface SpanLimitsConfig {
  /** Attributes, integer >= 0. @default 128 */
  readonly attributeCount: number;
  /** Characters of an attribute's text, integer >= 0. @default no limit */
  readonly attributeValueLength: number | undefined;
  /** Events, integer >= 0. @default 128 */
  readonly eventCount: number;
  /** Links, integer >= 0. @default 128 */
  readonly linkCount: number;
  /** Attributes of an event, integer >= 0. @default 128 */
  readonly attributesPerEvent: number;
  /** Attributes of a link, integer >= 0. @default 128 */
  readonly attributesPerLink: number;
}

const most = 1_000_000_000;

export function spanLimitsOf(env: Env): SpanLimitsConfig {
  const count = (name: string, fallback: number) => integerOf(env, name, fallback, most, 0);
  const attributes = count('OTEL_ATTRIBUTE_COUNT_LIMIT', 128);
  const lengthName = textOf(env, 'OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT')
    ? 'OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT'
    : 'OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT';
  return {
    attributeCount: count('OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT', attributes),
    attributeValueLength: textOf(env, lengthName) === undefined ? undefined : count(lengthName, 0),
    eventCount: count('OTEL_SPAN_EVENT_COUNT_LIMIT', 128),
    linkCount: count('OTEL_SPAN_LINK_COUNT_LIMIT', 128),
    attributesPerEvent: count('OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT', 128),
    attributesPerLink: count('OTEL_LINK_ATTRIBUTE_COUNT_LIMIT', 128),
  };
}
