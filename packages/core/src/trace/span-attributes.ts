import type { Attributes, AttributeValue } from '@opentelemetry/api';

/** Attributes within limits, and how many had to go. */
export interface LimitedAttributes {
  readonly kept: Attributes;
  readonly dropped: number;
}

/**
 * Whether a span can have the value: texts, numbers, booleans, null, bytes, and lists and plain objects of these.
 */
export function isAnyValue(value: unknown): value is AttributeValue {
  return isAny(value, []);
}

function isAny(value: unknown, within: readonly object[]): boolean {
  if (typeof value !== 'object') return isPrimitive(value);
  if (value === null || value instanceof Uint8Array) return true;
  // What holds itself has no end.
  if (within.includes(value)) return false;
  const inside = [...within, value];
  if (!Array.isArray(value)) {
    const { constructor: made } = value as { readonly constructor?: unknown };
    if (made !== Object && made !== undefined) return false;
  }
  return Object.values(value).every((item) => item === undefined || isAny(item, inside));
}

/** Whether an event can have the value: texts, numbers, booleans, and lists of one of these. */
function isSimpleValue(value: unknown): boolean {
  if (!Array.isArray(value)) return isPrimitive(value);
  const types = new Set(
    value.filter((item) => item !== null && item !== undefined).map((item) => typeof item),
  );
  return types.size <= 1 && value.every((item) => item === null || item === undefined || isPrimitive(item));
}

function isPrimitive(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

/** A copy, in which texts and bytes are no longer than `length`. */
export function shortened(value: AttributeValue, length: number): AttributeValue {
  return copy(value, length > 0 ? length : Number.POSITIVE_INFINITY) as AttributeValue;
}

function copy(value: unknown, length: number): unknown {
  if (typeof value === 'string') return value.length > length ? value.slice(0, length) : value;
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Uint8Array) return value.length > length ? value.slice(0, length) : value;
  if (Array.isArray(value)) return value.map((item) => copy(item, length));
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  return Object.fromEntries(entries.map(([key, item]) => [key, copy(item, length)]));
}

/**
 * The attributes of an event or link within limits, as the stock SDK has them: the first ones stay.
 * @param simple whether only simple values are taken, as events do
 */
export function limitedAttributes(
  given: Attributes | undefined,
  count: number,
  length: number,
  simple: boolean,
): LimitedAttributes {
  const kept: Attributes = {};
  let taken = 0;
  let dropped = 0;
  if (typeof given === 'object' && given !== null) {
    for (const [key, value] of Object.entries(given)) {
      if (value === undefined) continue;
      if (taken >= count || key === '' || !(simple ? isSimpleValue(value) : isAnyValue(value))) dropped++;
      else {
        kept[key] = shortened(value, length);
        taken++;
      }
    }
  }
  return { kept, dropped };
}
