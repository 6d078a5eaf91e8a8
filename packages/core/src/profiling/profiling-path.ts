/** Where `/profiling` is unless an app says otherwise. */
export const profilingPath = '/profiling';

/** Whether the path of a URL is another one or lies below it. */
export function isBelow(url: string, above: string): boolean {
  const next = url[above.length];
  return url.startsWith(above) && (next === undefined || next === '/' || next === '?' || above.endsWith('/'));
}
