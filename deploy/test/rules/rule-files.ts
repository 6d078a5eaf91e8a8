import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

/** deploy/prometheus, with a slash at its end. */
export const prometheusFolder: string = fileURLToPath(new URL('../../prometheus/', import.meta.url));

export interface AlertRule {
  /** The name of its group. */
  readonly group: string;
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface RecordingRule {
  readonly group: string;
  readonly record: string;
  readonly expr: string;
}

type Rule = AlertRule | RecordingRule;

interface RuleFile {
  readonly groups: readonly { readonly name: string; readonly rules: readonly Omit<Rule, 'group'>[] }[];
}

/** Absolute paths of the files of one kind. */
export function filesOf(kind: 'rules' | 'tests'): string[] {
  return globSync(`${kind}/*.yaml`, { cwd: prometheusFolder })
    .sort()
    .map((path) => `${prometheusFolder}${path}`);
}

export function alertRules(): AlertRule[] {
  return allRules().filter((rule) => 'alert' in rule);
}

export function recordingRules(): RecordingRule[] {
  return allRules().filter((rule) => 'record' in rule);
}

function allRules(): Rule[] {
  return filesOf('rules').flatMap((path) =>
    (parse(readFileSync(path, 'utf8')) as RuleFile).groups.flatMap(({ name, rules }) =>
      rules.map((rule) => ({ group: name, ...rule }) as Rule),
    ),
  );
}
