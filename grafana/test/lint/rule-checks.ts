import type { Rule, RuleGroup } from '../live/rules.ts';
import { canHave, isNumber, type Labels, labelsOf } from '../promql/labels.ts';
import { comparisons, type Expr, parsePromql, setOperators, vectorsOf, walk } from '../promql/parse.ts';

/**
 * The checks of github.com/cloudflare/pint that need no Prometheus and no configuration, under their names, rebuilt on
 * the PromQL grammar: its Go module cannot be had everywhere. Read from its documentation of November 2026. (yaml/parse
 * is what reading the file does.)
 */
export type RuleCheck = (rule: Rule, group: RuleGroup, groups: readonly RuleGroup[]) => string[];

export const ruleChecks: Readonly<Record<string, RuleCheck>> = {
  'promql/syntax': ({ expr }) => {
    try {
      parsePromql(expr);
      return [];
    } catch (error) {
      return [(error as Error).message];
    }
  },
  'alerts/comparison': ({ alert, expr }) =>
    alert !== undefined && !isCondition(parsePromql(expr)) ? ['always fires: nothing is compared'] : [],
  'alerts/for': (rule) => {
    const wrong = rule.for !== undefined && !/^(\d+(ms|[smhdwy]))+$/.test(rule.for);
    return wrong ? [`for is no duration: ${rule.for}`] : [];
  },
  'alerts/template': (rule) => (rule.alert === undefined ? [] : templateProblems(rule)),
  'group/interval': (_rule, { interval = '1m' }) =>
    seconds(interval) > 300 ? [`evaluated every ${interval}: samples are forgotten after 5m`] : [],
  'promql/fragile': (rule) => (rule.alert === undefined ? [] : fragileProblems(rule)),
  'promql/impossible': ({ expr }) => impossibleProblems(parsePromql(expr)),
  'promql/nan': ({ expr }) => nanProblems(parsePromql(expr)),
  'promql/regexp': ({ expr }) =>
    vectorsOf(parsePromql(expr)).flatMap(({ metric, matchers }) =>
      matchers.flatMap(({ label, op, value }) => {
        if (op !== '=~' && op !== '!~') return [];
        const name = `${metric ?? ''}{${label}${op}"${value}"}`;
        return [
          ...(/[.*+?()[\]{}|^$\\]/.test(value) ? [] : [`${name} has no pattern in it`]),
          ...(value.startsWith('^') || value.endsWith('$') ? [`${name} is anchored anyway`] : []),
        ];
      }),
    ),
  'rule/dependency': ({ record, expr }, group, groups) => {
    if (record === undefined) return [];
    const elsewhere = new Set(
      groups.filter((it) => it !== group).flatMap(({ rules }) => rules.flatMap((it) => it.record ?? [])),
    );
    const used = new Set(vectorsOf(parsePromql(expr)).map(({ metric = '' }) => metric));
    return [...used]
      .filter((metric) => elsewhere.has(metric))
      .map((metric) => `${metric} is recorded by another group: it may be an interval old`);
  },
  'rule/duplicate': (rule, _group, groups) => {
    const same = groups
      .flatMap(({ rules }) => rules)
      .filter(({ record, expr, labels }) =>
        [record, expr, JSON.stringify(labels)].every(
          (value, index) => value === [rule.record, rule.expr, JSON.stringify(rule.labels)][index],
        ),
      );
    return rule.record !== undefined && same.length > 1 ? ['is recorded twice'] : [];
  },
  'rule/topk': ({ record, expr }) =>
    record !== undefined && samplers(parsePromql(expr)).length > 0 ? ['records what comes and goes'] : [],
};

/** Problems of rules, by the check that finds them. */
export function checkRules(groups: readonly RuleGroup[]): string[] {
  return groups.flatMap((group) =>
    group.rules.flatMap((rule) =>
      Object.entries(ruleChecks).flatMap(([name, check]) =>
        check(rule, group, groups).map((problem) => `${name}: ${rule.record ?? rule.alert}: ${problem}`),
      ),
    ),
  );
}

/** Whether an expression is empty while all is well. */
function isCondition(expr: Expr): boolean {
  if (expr.kind === 'call') return ['absent', 'absent_over_time'].includes(expr.name);
  if (expr.kind !== 'binary') return false;
  if (comparisons.includes(expr.op)) return !expr.bool;
  if (expr.op === 'or') return isCondition(expr.left) && isCondition(expr.right);
  if (expr.op === 'unless') return true;
  // What is compared in a part is compared in the whole: arithmetic keeps an empty side empty.
  return isCondition(expr.left) || isCondition(expr.right);
}

function templateProblems({ expr, labels = {}, annotations = {} }: Rule): string[] {
  const tree = parsePromql(expr);
  const found = labelsOf(tree);
  const problems: string[] = [];
  for (const [name, text] of Object.entries(labels)) {
    if (/\$value|\.Value/.test(text)) problems.push(`label ${name} changes with the value`);
  }
  for (const [name, text] of Object.entries({ ...labels, ...annotations })) {
    for (const [, label = ''] of text.matchAll(/\$labels\.(\w+)/g)) {
      if (!canHave(found, label) && !(label in labels))
        problems.push(`${name} uses ${label}, which the query drops`);
    }
    for (const [action] of text.matchAll(/\{\{.*?\}\}/gs)) {
      const isRaw = /\$value|\.Value/.test(action) && !/humanize|printf/.test(action);
      if (isRaw && usesRate(tree)) problems.push(`${name} has a rate as a raw number: ${action}`);
    }
  }
  return problems;
}

function usesRate(tree: Expr): boolean {
  let uses = false;
  walk(tree, (part) => {
    if (part.kind === 'call' && ['rate', 'irate', 'deriv'].includes(part.name)) uses = true;
  });
  return uses;
}

function samplers(tree: Expr): Expr[] {
  const found: Expr[] = [];
  walk(tree, (part) => {
    const isSampler =
      part.kind === 'aggregate' && ['topk', 'bottomk', 'limitk', 'limit_ratio'].includes(part.op);
    if (isSampler) found.push(part);
  });
  return found;
}

function fragileProblems(rule: Rule): string[] {
  const tree = parsePromql(rule.expr);
  const problems = samplers(tree).map(() => 'fires for other series each time');
  const holds = rule.for !== undefined && seconds(rule.for) > 0;
  walk(tree, (part) => {
    if (part.kind !== 'binary' || holds) return;
    if (comparisons.includes(part.op) || setOperators.includes(part.op)) return;
    if (jobOf(part.left) !== jobOf(part.right))
      problems.push('compares targets that may be scraped at different times');
  });
  return problems;
}

/** Jobs that the selectors of an expression name. */
function jobOf(expr: Expr): string {
  const jobs = vectorsOf(expr).flatMap(({ matchers }) =>
    matchers.filter(({ label }) => label === 'job').map(({ op, value }) => `${op}${value}`),
  );
  return [...new Set(jobs)].sort().join(' ');
}

function impossibleProblems(tree: Expr): string[] {
  const problems: string[] = [];
  walk(tree, (part) => {
    if (part.kind === 'aggregate') {
      const of = labelsOf(part.args.at(-1) as Expr);
      for (const label of part.by ?? []) {
        if (!canHave(of, label)) problems.push(`by (${label}): there is no such label any more`);
      }
    }
    if (part.kind !== 'binary' || isNumber(part.left) || isNumber(part.right)) return;
    const [left, right] = [labelsOf(part.left), labelsOf(part.right)];
    for (const label of part.on ?? []) {
      if (!canHave(left, label) || !canHave(right, label))
        problems.push(`on (${label}): one side does not have it`);
    }
    if (part.on || part.op === 'or') return;
    if (!canMatch(left, right, part.ignoring ?? []))
      problems.push(`the sides of ${part.op} never have the same labels`);
  });
  return problems;
}

/** Whether two sides can have the same labels, some left out. What nothing is known of can. */
function canMatch(left: Labels, right: Labels, ignoring: readonly string[]): boolean {
  // A selector has labels, whichever; a side that has none cannot match it.
  const isBare = (labels: Labels) =>
    'only' in labels && [...labels.only].every((label) => ignoring.includes(label));
  const isOpen = (labels: Labels) => 'anyBut' in labels;
  if ((isBare(left) && isOpen(right)) || (isBare(right) && isOpen(left))) return false;
  if (!('only' in left && 'only' in right)) return true;
  const of = (labels: Labels & { only: ReadonlySet<string> }) =>
    [...labels.only]
      .filter((label) => !ignoring.includes(label))
      .sort()
      .join();
  return of(left) === of(right);
}

function nanProblems(tree: Expr): string[] {
  const problems: string[] = [];
  walk(tree, (part, around) => {
    if (part.kind !== 'binary' || !['/', '%'].includes(part.op) || !canBeZero(part.right)) return;
    const spoils = around.some(
      (outer) => outer.kind === 'aggregate' && ['sum', 'avg', 'stddev', 'stdvar'].includes(outer.op),
    );
    if (spoils) problems.push(`one ${part.op} by 0 spoils the whole aggregate`);
  });
  return problems;
}

function canBeZero(divisor: Expr): boolean {
  if (divisor.kind === 'literal') return divisor.value === 0;
  if (divisor.kind === 'call') return !['clamp_min', 'clamp_max', 'clamp'].includes(divisor.name);
  const isGuard = divisor.kind === 'binary' && ['>', '<', '!='].includes(divisor.op) && !divisor.bool;
  return !isGuard;
}

/** @param duration of Prometheus, such as `1h30m` */
function seconds(duration: string): number {
  const units: Readonly<Record<string, number>> = {
    ms: 0.001,
    s: 1,
    m: 60,
    h: 3600,
    d: 86_400,
    w: 604_800,
    y: 31_536_000,
  };
  return [...duration.matchAll(/(\d+)(ms|[smhdwy])/g)].reduce(
    (sum, [, count, unit = 's']) => sum + Number(count) * (units[unit] ?? 0),
    0,
  );
}
