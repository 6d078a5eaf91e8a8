import { readFile } from 'node:fs/promises';
import type { Sample } from '@inferometer/testkit';
import { parse } from 'yaml';
import { comparisons, type Expr, parsePromql } from '../promql/parse.ts';
import type { Asked } from './check.ts';

export interface Rule {
  readonly record?: string;
  readonly alert?: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}
export interface RuleGroup {
  readonly name: string;
  readonly interval?: string;
  readonly rules: readonly Rule[];
}

/** The groups of rule files. */
export async function readRules(files: readonly string[]): Promise<RuleGroup[]> {
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8')));
  return texts.flatMap((text) => (parse(text) as { groups: RuleGroup[] }).groups);
}

/**
 * An alert's conditions without what they are compared with, of which each has to have data for the alert ever to fire.
 * An inner array are alternatives (`or`), of which one is enough.
 */
export function measuredParts(expr: string): string[][] {
  return partsOf(parsePromql(expr), expr);
}

function partsOf(expr: Expr, text: string): string[][] {
  if (expr.kind !== 'binary') return expr.kind === 'literal' ? [] : [[text]];
  const side = ({ from, to }: { from: number; to: number }) => withoutParentheses(text.slice(from, to));
  const [left, right] = [side(expr.spans.left), side(expr.spans.right)];
  if (expr.op === 'and' || expr.op === 'unless') return [...measuredParts(left), ...measuredParts(right)];
  if (expr.op === 'or') return [[...measuredParts(left), ...measuredParts(right)].flat()];
  if (comparisons.includes(expr.op)) return [...measuredParts(left), ...measuredParts(right)];
  return [[text]];
}

function withoutParentheses(text: string): string {
  const trimmed = text.trim();
  if (!trimmed.startsWith('(')) return trimmed;
  let depth = 0;
  for (const [index, character] of [...trimmed].entries()) {
    if (character === '(') depth++;
    if (character === ')' && --depth === 0) {
      return index === trimmed.length - 1 ? withoutParentheses(trimmed.slice(1, -1)) : trimmed;
    }
  }
  return trimmed;
}

/**
 * What is wrong with the answers to rules: recording rules that record nothing or no numbers, alerts that could never
 * fire because what they look at is not there.
 * @param absent metrics that are there only after what the alert is about
 */
export async function problemsOfRules(
  prometheus: Asked,
  rules: readonly Rule[],
  timeS: number,
  absent: RegExp,
): Promise<string[]> {
  const problems: string[] = [];
  const ask = async (expr: string) => (await prometheus.query(expr, timeS)).filter(isNumber);
  for (const { record, alert, expr, labels = {} } of rules) {
    if (record !== undefined) {
      const selector = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
      const found = await ask(`${record}{${selector.join(', ')}}`);
      if (found.length === 0) problems.push(`${record} records nothing`);
      continue;
    }
    for (const alternatives of measuredParts(expr)) {
      // What is absent on purpose is asked for itself.
      const asked = alternatives.map((part) => part.replace(/^absent\((.*)\)$/s, '$1'));
      if (asked.some((part) => absent.test(part))) continue;
      const answers = await Promise.all(asked.map(ask));
      if (answers.every((samples) => samples.length === 0))
        problems.push(`${alert} has no data: ${asked.join(' | ')}`);
    }
  }
  return problems;
}

function isNumber({ value }: Sample): boolean {
  return Number.isFinite(value);
}
