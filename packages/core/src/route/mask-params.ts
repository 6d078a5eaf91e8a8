/**
 * A path with the names of parameters in the place of their values: for routers that do not keep the pattern at which
 * something is mounted (Express 5 with `router` before 2.3).
 * @returns `/*` for a path in which a value is not found again
 */
export function maskParams(path: string, params: Readonly<Record<string, unknown>>): string {
  const steps = path.split('/');
  // From the end: names come before what they name, `/users/:id`, so that of two equal texts the last is the value.
  for (const [name, value] of Object.entries(params).reverse()) {
    if (value === undefined || value === '') continue;
    const values = (Array.isArray(value) ? value : String(value).split('/')).map(String);
    const at = lastIndexOf(steps, values);
    if (at >= 0) {
      steps.splice(at, values.length, `:${name}`);
      continue;
    }
    // A part of a step, such as `v:major`.
    const part = steps.findLastIndex((step) => decoded(step).includes(values.join('/')));
    if (part < 0) return '/*';
    steps[part] = decoded(steps[part] as string).replace(values.join('/'), `:${name}`);
  }
  return steps.join('/');
}

function lastIndexOf(steps: readonly string[], values: readonly string[]): number {
  for (let at = steps.length - values.length; at >= 0; at--) {
    if (values.every((value, i) => decoded(steps[at + i] as string) === value)) return at;
  }
  return -1;
}

function decoded(step: string): string {
  try {
    return decodeURIComponent(step);
  } catch {
    return step;
  }
}
