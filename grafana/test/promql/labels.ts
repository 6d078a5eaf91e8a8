import { comparisons, type Expr, type Vector } from './parse.ts';

/**
 * Which labels an expression's result can have: exactly these, or any but these. Of selectors nothing is known but
 * what their matchers say.
 */
export type Labels = { readonly only: ReadonlySet<string> } | { readonly anyBut: ReadonlySet<string> };

export function canHave(labels: Labels, label: string): boolean {
  return 'only' in labels ? labels.only.has(label) : !labels.anyBut.has(label);
}

const none: Labels = { only: new Set() };

/** Functions whose result has no labels, or whose first argument is not what they keep. */
const withoutLabels = new Set(['scalar', 'vector', 'time', 'pi']);

export function labelsOf(expr: Expr): Labels {
  switch (expr.kind) {
    case 'vector':
      return { anyBut: emptied(expr) };
    case 'literal':
      return none;
    case 'unary':
    case 'subquery':
      return labelsOf(expr.of);
    case 'call':
      return labelsOfCall(expr.name, expr.args);
    case 'aggregate': {
      const of = labelsOf(expr.args.at(-1) as Expr);
      if (['topk', 'bottomk', 'limitk', 'limit_ratio'].includes(expr.op)) return of;
      if (expr.without) return without(of, expr.without);
      return { only: new Set((expr.by ?? []).filter((label) => canHave(of, label))) };
    }
    case 'binary':
      return labelsOfBinary(expr);
  }
}

function labelsOfCall(name: string, args: readonly Expr[]): Labels {
  if (withoutLabels.has(name)) return none;
  if (name === 'absent' || name === 'absent_over_time') {
    const [of] = args;
    const equal = of?.kind === 'vector' ? of.matchers.filter(({ op }) => op === '=') : [];
    return { only: new Set(equal.map(({ label }) => label)) };
  }
  // Nothing is known of what label_replace and label_join make.
  if (name === 'label_replace' || name === 'label_join') return { anyBut: new Set() };
  const vector = args.find((arg) => arg.kind !== 'literal') ?? args[0];
  const labels = vector === undefined ? none : labelsOf(vector);
  return name === 'histogram_quantile' ? without(labels, ['le']) : labels;
}

function labelsOfBinary(expr: Expr & { kind: 'binary' }): Labels {
  const left = labelsOf(expr.left);
  const right = labelsOf(expr.right);
  if (isNumber(expr.left)) return right;
  if (isNumber(expr.right)) return left;
  if (expr.op === 'and' || expr.op === 'unless') return left;
  if (expr.op === 'or') return union(left, right);
  if (expr.group) {
    const many = expr.group.side === 'left' ? left : right;
    return union(many, { only: new Set(expr.group.labels) });
  }
  if (comparisons.includes(expr.op) && !expr.bool) return left;
  if (expr.on) return { only: new Set(expr.on.filter((label) => canHave(left, label))) };
  return expr.ignoring ? without(left, expr.ignoring) : left;
}

/** Whether it is a number without labels, which no other side has to match. */
export function isNumber(expr: Expr): boolean {
  if (expr.kind === 'literal') return true;
  if (expr.kind === 'unary') return isNumber(expr.of);
  if (expr.kind === 'call') return ['scalar', 'time', 'pi'].includes(expr.name);
  return expr.kind === 'binary' && isNumber(expr.left) && isNumber(expr.right);
}

/** Labels that a selector says its series do not have: `le=""`. */
function emptied({ matchers }: Vector): Set<string> {
  return new Set(matchers.filter(({ op, value }) => op === '=' && value === '').map(({ label }) => label));
}

function without(labels: Labels, gone: readonly string[]): Labels {
  return 'only' in labels
    ? { only: new Set([...labels.only].filter((label) => !gone.includes(label))) }
    : { anyBut: new Set([...labels.anyBut, ...gone]) };
}

function union(a: Labels, b: Labels): Labels {
  if ('only' in a && 'only' in b) return { only: new Set([...a.only, ...b.only]) };
  if ('only' in a) return union(b, a);
  return { anyBut: new Set([...a.anyBut].filter((label) => !canHave(b, label))) };
}
