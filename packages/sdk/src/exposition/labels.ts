import type { Labels } from '@inferometer/core';

const validName = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/** A label name that every format takes: other characters become `_`, a leading digit gets one before it. */
export function sanitizeLabelName(name: string): string {
  if (validName.test(name)) return name;
  const replaced = name.replace(/[^a-zA-Z0-9_]/g, '_');
  return /^[a-zA-Z_]/.test(replaced) ? replaced : `_${replaced}`;
}

/**
 * The labels with valid names, each name once: the first one wins, as a repeated label makes a scraper refuse the
 * whole scrape. `__name__` is left out for the same reason. The same array, if nothing had to change.
 */
export function uniqueLabels(labels: Labels): Labels {
  for (let i = 0; i < labels.length; i++) {
    const name = (labels[i] as Labels[number])[0];
    if (!validName.test(name) || name === '__name__' || indexOfName(labels, name) !== i) {
      const unique = new Map<string, string>();
      for (const [each, value] of labels) {
        const sanitized = sanitizeLabelName(each);
        if (sanitized !== '__name__' && !unique.has(sanitized)) unique.set(sanitized, value);
      }
      return [...unique];
    }
  }
  return labels;
}

/** The labels without one name, such as `le`, which a histogram gives itself; the same array if it is not there. */
export function withoutLabel(labels: Labels, name: string): Labels {
  return indexOfName(labels, name) < 0 ? labels : labels.filter(([each]) => each !== name);
}

/** `a="1",b="2"` as both text formats write it; empty without labels. Kept for as long as the array lives. */
export function labelText(labels: Labels): string {
  let text = texts.get(labels);
  if (text === undefined) {
    text = joinLabels(uniqueLabels(labels));
    texts.set(labels, text);
  }
  return text;
}

/** The same of labels that are valid and will not come again. */
export function joinLabels(labels: Labels): string {
  return labels.map(([name, value]) => `${name}="${escapeLabelValue(value)}"`).join(',');
}

/** Equal for label sets that are the same series to Prometheus: the order does not count, nor do empty values. */
export function labelKey(labels: Labels): string {
  let key = keys.get(labels);
  if (key === undefined) {
    key = uniqueLabels(labels)
      .filter(([, value]) => value !== '')
      // The length says where a value ends, whatever is in it.
      .map(([name, value]) => `${name}=${value.length}:${value}`)
      .sort()
      .join(',');
    keys.set(labels, key);
  }
  return key;
}

// Escaping and sorting are most of the cost of a line, and the labels of our own series do not change.
const texts = new WeakMap<Labels, string>();
const keys = new WeakMap<Labels, string>();

export function escapeLabelValue(value: string): string {
  if (!/[\\"\n]/.test(value)) return value;
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

function indexOfName(labels: Labels, name: string): number {
  for (let i = 0; i < labels.length; i++) if ((labels[i] as Labels[number])[0] === name) return i;
  return -1;
}
