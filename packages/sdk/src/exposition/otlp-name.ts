import type { Family } from '@inferometer/core';
import { unitOfName, wordOfUnit } from './units.ts';

export interface OtlpName {
  readonly name: string;
  /** UCUM; empty if there is none. */
  readonly unit: string;
}

/**
 * What OTLP calls a family, so that Prometheus' own translation leads back to `family.name`:
 * `inference_request_duration` in `s` for `inference_request_duration_seconds`. The instrument's name, where there is
 * one. A name that no translation leads back to (`a__b`) keeps itself and has no unit.
 */
export function otlpNameOf(family: Family): OtlpName {
  if (family.otlpName !== undefined) return { name: family.otlpName, unit: family.unit ?? '' };
  const { name } = family;
  const base = family.type === 'counter' ? name.replace(/_total$/, '') : name;
  const unit = family.unit ?? unitOfName(base) ?? '';
  const word = wordOfUnit(unit);
  const candidates: OtlpName[] = [{ name: base, unit }];
  if (word !== undefined && base.endsWith(`_${word}`)) {
    candidates.unshift({ name: base.slice(0, -word.length - 1), unit });
  }
  return candidates.find((each) => prometheusName(each, family) === name) ?? { name: base, unit: '' };
}

/** Prometheus' name of an OTLP metric. Source: prometheus/otlptranslator 1.0, `normalizeName`. */
function prometheusName({ name, unit }: OtlpName, { type, isSum }: Family): string {
  let tokens = name.split(/[^a-zA-Z0-9:]+/).filter((token) => token !== '');
  const word = unit === '1' ? undefined : wordOfUnit(unit);
  if (word !== undefined && !tokens.includes(word)) tokens.push(word);
  if (type === 'counter') tokens = [...tokens.filter((token) => token !== 'total'), 'total'];
  const isGauge = (type === 'gauge' && !isSum) || type === 'untyped';
  if (unit === '1' && isGauge) tokens = [...tokens.filter((token) => token !== 'ratio'), 'ratio'];
  const joined = tokens.join('_');
  return /^[0-9]/.test(joined) ? `_${joined}` : joined;
}
