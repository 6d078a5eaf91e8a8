import type { Family, Series } from '@inferometer/core';
import { labelKey } from './labels.ts';

/** A family that was left out, and the one that was there before it. */
export interface FamilyConflict {
  readonly name: string;
  readonly type: Family['type'];
  /** A sample or family name that both would have, in one format or another. */
  readonly claimed: string;
  readonly keptName: string;
  readonly keptType: Family['type'];
}

export interface MergedFamilies {
  /** In the order in which they were first seen. */
  readonly families: Family[];
  readonly conflicts: FamilyConflict[];
}

interface Joined {
  readonly family: Family;
  readonly series: Map<string, Series>;
}

/**
 * One list without a duplicate family or series. Families of the same name and type are joined; of series with the
 * same labels the first one stays. A family that would share a name with another one in any format is left out: one
 * of another type, `x_count` beside a histogram `x`, and, as OpenMetrics drops `_total` from counters and adds
 * `_created`, a gauge `x` or `x_created` beside a counter `x_total`.
 */
export function mergeFamilies(lists: readonly (readonly Family[])[]): MergedFamilies {
  const joined = new Map<string, Joined>();
  const owners = new Map<string, Family>();
  const conflicts: FamilyConflict[] = [];
  for (const family of lists.flat()) {
    let known = joined.get(family.name);
    if (known?.family.type !== family.type) {
      const names = claimedNames(family);
      const claimed = names.find((name) => owners.has(name));
      if (claimed !== undefined) {
        const { name: keptName, type: keptType } = owners.get(claimed) as Family;
        conflicts.push({ name: family.name, type: family.type, claimed, keptName, keptType });
        continue;
      }
      known = { family, series: new Map() };
      joined.set(family.name, known);
      for (const name of names) owners.set(name, family);
    }
    for (const series of family.series) {
      const key = labelKey(series.labels);
      if (!known.series.has(key)) known.series.set(key, series);
    }
  }
  const families = [...joined.values()].map(({ family, series }) => ({
    ...family,
    series: [...series.values()],
  }));
  return { families, conflicts };
}

/** Names of the family and of its samples, in every format. */
function claimedNames({ name, type }: Family): string[] {
  switch (type) {
    case 'counter': {
      if (!name.endsWith('_total')) return [name];
      const base = name.slice(0, -'_total'.length);
      return [base, name, `${base}_created`];
    }
    case 'histogram':
      return [name, `${name}_bucket`, `${name}_sum`, `${name}_count`, `${name}_created`];
    case 'summary':
      return [name, `${name}_sum`, `${name}_count`, `${name}_created`];
    default:
      return [name];
  }
}
