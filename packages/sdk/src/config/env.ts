/** Variables by name. An empty one counts as unset, by the specification. */
export type Env = Readonly<Record<string, string | undefined>>;

export function textOf(env: Env, name: string): string | undefined {
  return env[name]?.trim() || undefined;
}

/** @throws {RangeError} if the variable is set and no integer from `least` to `most` */
export function integerOf(env: Env, name: string, fallback: number, most: number, least = 1): number {
  const value = textOf(env, name);
  if (value === undefined) return fallback;
  const number = Number(value);
  if (!Number.isInteger(number) || number < least || number > most) {
    throw new RangeError(`${name} must be an integer from ${least} to ${most}, got ${value}`);
  }
  return number;
}

/** @throws {RangeError} if the variable is set and no number from `least` to `most` */
export function numberOf<T extends number | undefined>(
  env: Env,
  name: string,
  fallback: T,
  least: number,
  most: number,
): number | T {
  const value = textOf(env, name);
  if (value === undefined) return fallback;
  const number = Number(value);
  if (!(number >= least && number <= most)) {
    throw new RangeError(`${name} must be a number from ${least} to ${most}, got ${value}`);
  }
  return number;
}

/** @throws {RangeError} if the variable is set and not 1, true, 0 or false */
export function flagOf(env: Env, name: string): boolean | undefined {
  const value = textOf(env, name);
  if (value === undefined) return undefined;
  if (isTrue(value)) return true;
  if (isFalse(value)) return false;
  throw new RangeError(`${name} must be 1, true, 0 or false, got ${value}`);
}

/** @throws {RangeError} if the variable is set and not one of the values */
export function oneOf<T extends string>(env: Env, name: string, values: readonly T[], fallback: T): T {
  const value = textOf(env, name);
  if (value === undefined) return fallback;
  return memberOf(name, values, value.toLowerCase());
}

/** @throws {RangeError} if the value is not one of the values */
export function memberOf<T extends string>(name: string, values: readonly T[], value: string): T {
  const found = values.find((one) => one === value);
  if (found === undefined) throw new RangeError(`${name} must be ${orList(values)}, got ${value}`);
  return found;
}

/** The parts between commas; undefined if the variable is not set. */
export function listOf(env: Env, name: string): readonly string[] | undefined {
  return textOf(env, name)
    ?.split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

export function isTrue(value: string | undefined): boolean {
  return value?.trim().toLowerCase() === 'true' || value?.trim() === '1';
}

export function isFalse(value: string | undefined): boolean {
  return value?.trim().toLowerCase() === 'false' || value?.trim() === '0';
}

/** `a, b or c` */
export function orList(values: readonly string[]): string {
  if (values.length < 2) return values.join('');
  return `${values.slice(0, -1).join(', ')} or ${values.at(-1)}`;
}
