import type { CheckFinding, Finding, SettingFinding } from './finding.ts';

const marks: Readonly<Record<CheckFinding['level'], string>> = {
  ok: 'ok     ',
  warning: 'warning',
  error: 'ERROR  ',
};

/** The findings as lines for a terminal: settings, then checks, then how many are wrong. */
export function formatFindings(findings: readonly Finding[]): string {
  const settings = findings.filter((finding) => finding.kind === 'setting');
  const checks = findings.filter((finding) => finding.kind === 'check');
  const count = (level: CheckFinding['level']) => checks.filter((one) => one.level === level).length;
  return [
    ...(settings.length > 0 ? ['Settings in force', ...table(settings), ''] : []),
    'Checks',
    ...checks.map((one) => `  ${marks[one.level]}  ${one.name}: ${one.message}`),
    '',
    `${count('error')} wrong, ${count('warning')} to look at`,
    '',
  ].join('\n');
}

function table(settings: readonly SettingFinding[]): readonly string[] {
  const width = Math.max(...settings.map(({ name }) => name.length));
  return settings.map(({ name, value, origin }) => {
    const said = origin === 'default' ? '' : `  (${origin})`;
    return `  ${name.padEnd(width)}  ${value ?? '-'}${said}`;
  });
}
