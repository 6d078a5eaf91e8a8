import type { SyntaxNode } from '@lezer/common';
import { parser } from '@prometheus-io/lezer-promql';

/** A PromQL expression as a tree; parentheses and literals' spelling are gone. */
export type Expr = Vector | Call | Aggregate | Binary | Unary | Subquery | Literal;

export interface Matcher {
  readonly label: string;
  readonly op: '=' | '!=' | '=~' | '!~';
  readonly value: string;
}
export interface Vector {
  readonly kind: 'vector';
  /** Undefined where only matchers tell. */
  readonly metric: string | undefined;
  readonly matchers: readonly Matcher[];
  /** Of a range vector, as it is written: `5m`. */
  readonly range: string | undefined;
}
export interface Call {
  readonly kind: 'call';
  readonly name: string;
  readonly args: readonly Expr[];
}
export interface Aggregate {
  readonly kind: 'aggregate';
  readonly op: string;
  readonly by: readonly string[] | undefined;
  readonly without: readonly string[] | undefined;
  readonly args: readonly Expr[];
}
export interface Binary {
  readonly kind: 'binary';
  readonly op: string;
  readonly bool: boolean;
  readonly on: readonly string[] | undefined;
  readonly ignoring: readonly string[] | undefined;
  /** Labels that group_left or group_right brings along. */
  readonly group: { readonly side: 'left' | 'right'; readonly labels: readonly string[] } | undefined;
  readonly left: Expr;
  readonly right: Expr;
  /** Where each side is in the text, parentheses included. */
  readonly spans: { readonly left: Span; readonly right: Span };
}
export interface Span {
  readonly from: number;
  readonly to: number;
}
export interface Unary {
  readonly kind: 'unary';
  readonly of: Expr;
}
export interface Subquery {
  readonly kind: 'subquery';
  readonly of: Expr;
}
export interface Literal {
  readonly kind: 'literal';
  /** NaN for a string. */
  readonly value: number;
}

export const comparisons: readonly string[] = ['==', '!=', '>', '<', '>=', '<='];
export const setOperators: readonly string[] = ['and', 'or', 'unless'];

/** @throws {SyntaxError} with where the text stops being PromQL */
export function parsePromql(text: string): Expr {
  const tree = parser.parse(text);
  tree.iterate({
    enter: ({ type, from }) => {
      if (type.isError)
        throw new SyntaxError(`not PromQL at ${from}: ${text.slice(Math.max(0, from - 20), from + 20)}`);
    },
  });
  const [root] = children(tree.topNode);
  if (root === undefined) throw new SyntaxError('an empty query');
  return read(root, text);
}

/** Visits each part, outer ones first. @param visit gets the parts around it too, the nearest last */
export function walk(
  expr: Expr,
  visit: (expr: Expr, around: readonly Expr[]) => void,
  around: readonly Expr[] = [],
): void {
  visit(expr, around);
  for (const part of partsOf(expr)) walk(part, visit, [...around, expr]);
}

/** Every selector in an expression. */
export function vectorsOf(expr: Expr): Vector[] {
  const found: Vector[] = [];
  walk(expr, (part) => {
    if (part.kind === 'vector') found.push(part);
  });
  return found;
}

export function partsOf(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case 'call':
    case 'aggregate':
      return expr.args;
    case 'binary':
      return [expr.left, expr.right];
    case 'unary':
    case 'subquery':
      return [expr.of];
    default:
      return [];
  }
}

function read(node: SyntaxNode, text: string): Expr {
  const textOf = (of: SyntaxNode) => text.slice(of.from, of.to);
  const parts = children(node);
  const named = (name: string) => parts.find((part) => part.name === name);
  switch (node.name) {
    case 'ParenExpr':
    case 'StepInvariantExpr':
    case 'OffsetExpr':
      return read(first(parts, node), text);
    case 'VectorSelector': {
      const matchers = children(named('LabelMatchers')).flatMap((part) => readMatcher(part, textOf));
      const name = named('Identifier');
      return { kind: 'vector', metric: name && textOf(name), matchers, range: undefined };
    }
    case 'MatrixSelector': {
      const vector = read(first(parts, node), text);
      const duration = parts[1];
      if (vector.kind !== 'vector' || duration === undefined) break;
      return { ...vector, range: textOf(duration) };
    }
    case 'SubqueryExpr':
      return { kind: 'subquery', of: read(first(parts, node), text) };
    case 'UnaryExpr':
      return { kind: 'unary', of: read(parts[1] ?? first(parts, node), text) };
    case 'NumberDurationLiteral':
    case 'NumberDurationLiteralInDurationContext':
      return { kind: 'literal', value: Number(textOf(node)) };
    case 'StringLiteral':
      return { kind: 'literal', value: Number.NaN };
    case 'FunctionCall':
      return {
        kind: 'call',
        name: textOf(first(parts, node)),
        args: argsOf(named('FunctionCallBody'), text),
      };
    case 'AggregateExpr': {
      const modifier = children(named('AggregateModifier'));
      const labels = labelsIn(modifier, textOf);
      return {
        kind: 'aggregate',
        op: textOf(first(parts, node)),
        by: modifier.some(({ name }) => name === 'By') ? labels : undefined,
        without: modifier.some(({ name }) => name === 'Without') ? labels : undefined,
        args: argsOf(named('FunctionCallBody'), text),
      };
    }
    case 'BinaryExpr':
      return readBinary(parts, text, textOf);
    default:
  }
  throw new SyntaxError(`cannot read ${node.name}: ${textOf(node)}`);
}

function readBinary(
  parts: readonly SyntaxNode[],
  text: string,
  textOf: (node: SyntaxNode) => string,
): Binary {
  const [left, operator] = parts;
  const right = parts.at(-1);
  if (left === undefined || operator === undefined || right === undefined) throw new SyntaxError(text);
  const clause = children(parts.find(({ name }) => name === 'MatchingModifierClause'));
  const at = (name: string) => clause.findIndex((part) => part.name === name);
  /** The labels right behind a word of the clause. */
  const labelsAfter = (index: number) => {
    const next = clause[index + 1];
    return next?.name === 'GroupingLabels' ? labelsIn([next], textOf) : [];
  };
  const side = at('GroupLeft') >= 0 ? 'left' : at('GroupRight') >= 0 ? 'right' : undefined;
  return {
    kind: 'binary',
    op: textOf(operator).toLowerCase(),
    bool: parts.some(({ name }) => name === 'BoolModifier'),
    on: at('On') >= 0 ? labelsAfter(at('On')) : undefined,
    ignoring: at('Ignoring') >= 0 ? labelsAfter(at('Ignoring')) : undefined,
    group: side && { side, labels: labelsAfter(at(side === 'left' ? 'GroupLeft' : 'GroupRight')) },
    left: read(left, text),
    right: read(right, text),
    spans: { left: { from: left.from, to: left.to }, right: { from: right.from, to: right.to } },
  };
}

function readMatcher(node: SyntaxNode, textOf: (node: SyntaxNode) => string): Matcher[] {
  const [label, op, value] = children(node);
  if (label === undefined || op === undefined || value === undefined) return [];
  return [{ label: textOf(label), op: textOf(op) as Matcher['op'], value: textOf(value).slice(1, -1) }];
}

function argsOf(body: SyntaxNode | undefined, text: string): Expr[] {
  return children(body).map((part) => read(part, text));
}

function labelsIn(nodes: readonly SyntaxNode[], textOf: (node: SyntaxNode) => string): string[] {
  return nodes.filter(({ name }) => name === 'GroupingLabels').flatMap((part) => children(part).map(textOf));
}

function first(parts: readonly SyntaxNode[], node: SyntaxNode): SyntaxNode {
  const [part] = parts;
  if (part === undefined) throw new SyntaxError(`nothing in ${node.name}`);
  return part;
}

function children(node: SyntaxNode | undefined): SyntaxNode[] {
  const found: SyntaxNode[] = [];
  for (let child = node?.firstChild; child; child = child.nextSibling) {
    if (child.name !== 'LineComment') found.push(child);
  }
  return found;
}
