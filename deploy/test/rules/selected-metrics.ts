import type { Prometheus } from '@inferometer/testkit';

/** A node of PromQL's syntax tree, as `/api/v1/parse_query` writes it; its children are under many names. */
interface SyntaxNode {
  readonly type?: string;
  readonly name?: string;
  readonly matchers?: readonly { readonly name: string; readonly type: string; readonly value: string }[];
}

/** The metrics that a query selects by their names. @throws {Error} if it is no PromQL */
export async function selectedMetrics(prometheus: Prometheus, query: string): Promise<string[]> {
  return [...names(await prometheus.api('parse_query', { query }))];
}

function* names(value: unknown): Generator<string> {
  if (Array.isArray(value)) for (const one of value) yield* names(one);
  if (value === null || typeof value !== 'object') return;
  const { type, name, matchers = [] } = value as SyntaxNode;
  if (type === 'vectorSelector' || type === 'matrixSelector') {
    if (name) yield name;
    // `{__name__=~"a|b"}` names each.
    for (const matcher of matchers) {
      if (matcher.name === '__name__' && matcher.type === '=~') yield* matcher.value.split('|');
    }
    return;
  }
  for (const child of Object.values(value)) yield* names(child);
}
