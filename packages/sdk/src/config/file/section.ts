import { orList } from '../env.ts';

/** Refuses what a place in the file asks for. */
export function refuse(path: string, why: string): never {
  throw new RangeError(`${path} ${why}`);
}

/** What to do with each component that may stand at a place; a text instead of a function says why it is not here. */
export type Components<T> = Readonly<Record<string, ((path: string, settings: unknown) => T) | string>>;

/**
 * The result of the one component that stands at a place.
 * @throws {RangeError} that names the path, and what is possible there
 */
export function componentAt<T>(path: string, node: object, components: Components<T>): T {
  const [name, ...more] = Object.keys(node);
  const possible = Object.keys(components).filter((key) => typeof components[key] === 'function');
  const instead = `possible: ${orList(possible)}`;
  if (name === undefined || more.length > 0) return refuse(path, `must name one component; ${instead}`);
  const found = Object.hasOwn(components, name) ? components[name] : 'is not here';
  if (typeof found !== 'function') return refuse(`${path}.${name}`, `${found}; ${instead}`);
  return found(`${path}.${name}`, (node as Record<string, unknown>)[name] ?? {});
}

/** @throws {RangeError} that names the first of the settings that is set and cannot be followed */
export function refuseSettings(path: string, node: object, names: readonly string[], why: string): void {
  const set = names.find((name) => (node as Record<string, unknown>)[name] != null);
  if (set !== undefined) refuse(joined(path, set), why);
}

/** @throws {RangeError} for a property that is none of the names */
export function refuseUnknown(path: string, node: object, names: readonly string[]): void {
  const unknown = Object.keys(node).find((name) => !names.includes(name));
  if (unknown !== undefined) refuse(joined(path, unknown), `is unknown; possible: ${orList(names)}`);
}

/** 0 stands for no limit in the file; the SDK wants a number. */
export function unlimitedIfZero(ms: number): number {
  return ms === 0 ? 2_147_483_647 : ms;
}

export function joined(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}
