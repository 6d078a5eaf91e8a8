/** A sample's value as the text formats have it: `12`, `0.005`, `1e+21`, `NaN`, `+Inf`, `-Inf`. */
export function formatNumber(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  if (value === Number.NEGATIVE_INFINITY) return '-Inf';
  return String(value);
}

/**
 * The value of a `le` or `quantile` label in OpenMetrics' canonical spelling, which Prometheus 3 stores whatever it
 * scrapes: `1.0`, `0.005`, `1e-05`, `1e+06`, `1.5e+06`, `+Inf`.
 * Source: OpenMetrics 1.0, "Considerations: Canonical Numbers"; like Go's `strconv.FormatFloat(v, 'g', -1, 64)`.
 */
export function formatBound(value: number): string {
  if (!Number.isFinite(value)) return formatNumber(value);
  const [mantissa = '', exponentText = ''] = value.toExponential().split('e');
  const exponent = Number(exponentText);
  if (value !== 0 && (exponent < -4 || exponent >= 6)) {
    const digits = String(Math.abs(exponent)).padStart(2, '0');
    return `${mantissa}e${exponent < 0 ? '-' : '+'}${digits}`;
  }
  const text = String(value);
  return text.includes('.') ? text : `${text}.0`;
}
