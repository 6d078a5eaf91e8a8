/** A setting in force, or the result of a check. */
export type Finding = SettingFinding | CheckFinding;

export interface SettingFinding {
  readonly kind: 'setting';
  /** The variable's name. */
  readonly name: string;
  /** Its value in force, secrets masked; undefined where it has none. */
  readonly value: string | undefined;
  /** Who says so. */
  readonly origin: 'default' | 'environment' | 'file';
}

export interface CheckFinding {
  readonly kind: 'check';
  /** `error` is something wrong; `warning` may be. */
  readonly level: 'ok' | 'warning' | 'error';
  /** What was looked at, in a few words. */
  readonly name: string;
  /** What was found, and what to do about it. */
  readonly message: string;
}

export function check(level: CheckFinding['level'], name: string, message: string): CheckFinding {
  return { kind: 'check', level, name, message };
}

/** Whether anything is wrong. */
export function hasErrors(findings: readonly Finding[]): boolean {
  return findings.some((finding) => finding.kind === 'check' && finding.level === 'error');
}
