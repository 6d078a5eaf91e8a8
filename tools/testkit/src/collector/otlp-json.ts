/** OTLP's JSON encoding, as far as we read it. */
export interface OtlpValue {
  readonly stringValue?: string;
  readonly boolValue?: boolean;
  readonly intValue?: string | number;
  readonly doubleValue?: number | string;
  readonly bytesValue?: string;
  readonly arrayValue?: { readonly values?: readonly OtlpValue[] };
  readonly kvlistValue?: { readonly values?: readonly OtlpKeyValue[] };
}
export interface OtlpKeyValue {
  readonly key: string;
  readonly value?: OtlpValue;
}

export type AttributeValue =
  | string
  | number
  | boolean
  | null
  | readonly AttributeValue[]
  | { readonly [key: string]: AttributeValue };
export type Attributes = Readonly<Record<string, AttributeValue>>;

/** Attributes as a plain object. Integers become numbers, bytes their base64 text. */
export function parseAttributes(pairs: readonly OtlpKeyValue[] = []): Attributes {
  return Object.fromEntries(pairs.map(({ key, value }) => [key, parseValue(value)]));
}

function parseValue(value: OtlpValue = {}): AttributeValue {
  if (value.intValue !== undefined) return Number(value.intValue);
  if (value.doubleValue !== undefined) return Number(value.doubleValue);
  if (value.arrayValue !== undefined) return (value.arrayValue.values ?? []).map(parseValue);
  if (value.kvlistValue !== undefined) return parseAttributes(value.kvlistValue.values);
  return value.stringValue ?? value.boolValue ?? value.bytesValue ?? null;
}

/** The complete lines of a file of JSON lines; the last one may still be on its way. */
export function parseJsonLines(text: string): unknown[] {
  const lines = text.split('\n').slice(0, -1);
  return lines.filter((line) => line !== '').map((line): unknown => JSON.parse(line));
}
