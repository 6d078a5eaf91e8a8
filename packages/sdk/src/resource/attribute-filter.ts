/** Whether an attribute is kept, by patterns with `*` and `?`; what is excluded goes, also if it is included. */
export function isKept(
  key: string,
  included: readonly string[] | undefined,
  excluded: readonly string[] | undefined,
): boolean {
  const matches = (pattern: string) => patternOf(pattern).test(key);
  return (included === undefined || included.some(matches)) && !excluded?.some(matches);
}

function patternOf(wildcards: string): RegExp {
  const escaped = wildcards.replaceAll(/[.+^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${escaped.replaceAll('*', '.*').replaceAll('?', '.')}$`, 's');
}
