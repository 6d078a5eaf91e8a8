import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import type { Mistake } from './mistake.ts';

/** A YAML document as plain values, and where each of them stands. */
export interface YamlFile {
  readonly value: unknown;
  readonly mistakes: readonly Mistake[];
  /** Where the value at a path stands, or the key itself; of what is absent, where its parent does. */
  positionOf(path: readonly PropertyKey[], of?: 'key' | 'value'): { line: number; column: number };
}

/** More aliases than this are an attack or a mistake (a billion laughs). */
const maxAliases = 100;

/** Reads YAML. Never throws: what is wrong is among the mistakes. */
export function parseYaml(text: string): YamlFile {
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter, prettyErrors: false, merge: true });
  const at = (offset: number): { line: number; column: number } => {
    const { line, col } = counter.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const mistakes: Mistake[] = document.errors.map(({ message, pos }) => ({
    ...at(pos[0]),
    path: '',
    message: message.replaceAll('\n', ' '),
  }));
  const alias = mistakes.length === 0 ? badAlias(document) : undefined;
  if (alias) mistakes.push({ ...at(alias.offset), path: '', message: alias.message });
  let value: unknown;
  if (mistakes.length === 0) {
    try {
      value = document.toJS({ maxAliasCount: maxAliases });
    } catch (error) {
      mistakes.push({ line: 1, column: 1, path: '', message: (error as Error).message });
    }
  }
  return {
    value,
    mistakes,
    positionOf: (path, of = 'value') => at(offsetOf(document, path, of)),
  };
}

interface BadAlias {
  readonly message: string;
  readonly offset: number;
}

function badAlias(document: Document.Parsed): BadAlias | undefined {
  const visit = (node: unknown, above: readonly unknown[]): BadAlias | undefined => {
    if (isAlias(node)) {
      const target = node.resolve(document);
      const offset = node.range?.[0] ?? 0;
      if (!target) return { offset, message: `*${node.source} refers to no anchor before it` };
      if (!above.includes(target)) return undefined;
      return { offset, message: `*${node.source} refers to a value that it is itself a part of` };
    }
    const inside = [...above, node];
    if (isSeq(node)) return firstOf(node.items, (item) => visit(item, inside));
    if (isMap(node))
      return firstOf(node.items, (pair) => visit(pair.key, inside) ?? visit(pair.value, inside));
    return undefined;
  };
  return visit(document.contents, []);
}

function firstOf<T, R>(items: readonly T[], find: (item: T) => R | undefined): R | undefined {
  for (const item of items) {
    const found = find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

function offsetOf(document: Document.Parsed, path: readonly PropertyKey[], of: 'key' | 'value'): number {
  let node = resolved(document, document.contents);
  let offset = node?.range?.[0] ?? 0;
  for (const [depth, step] of path.entries()) {
    const isLast = depth === path.length - 1;
    let next: unknown;
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => (isScalar(key) ? String(key.value) : '') === String(step));
      // What is absent, or came in by a merge key, stands where its parent does.
      if (!pair) return offset;
      const key = pair.key as Node;
      next = pair.value;
      offset = key.range?.[0] ?? offset;
      if (isLast && of === 'key') return offset;
    } else if (isSeq(node)) next = node.items[Number(step)];
    else return offset;
    const value = next as Node | null | undefined;
    // An empty value has no place of its own: that of its key is the nearest.
    if (value?.range && !(isScalar(value) && value.value === null)) offset = value.range[0];
    node = resolved(document, value);
  }
  return offset;
}

function resolved(document: Document.Parsed, node: unknown): Node | undefined {
  return (isAlias(node) ? node.resolve(document) : node) as Node | undefined;
}
