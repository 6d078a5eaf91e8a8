import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { describeWithParts, promtool, tempDir } from '@inferometer/testkit';
import { describe, expect, test } from 'vitest';
import { type Mutant, mutantsOf } from './rules/mutants.ts';
import { type AlertRule, alertRules, filesOf, prometheusFolder } from './rules/rule-files.ts';

/** promtool evaluates days of rules: seconds of CPU, which a busy machine may not have at once. */
const patience = { timeoutMs: 240_000 };

describeWithParts('prometheus/rules', ['promtool'], () => {
  test('pass promtool with all of its lints', async () => {
    const args = ['check', 'rules', '--lint=all', '--lint-fatal', ...filesOf('rules')];
    const { code, stderr } = await promtool(args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });

  test.concurrent.each(filesOf('tests').map((path) => path.slice(prometheusFolder.length)))(
    'do what %s says',
    async (path) => {
      const { code, stdout, stderr } = await promtool(
        ['test', 'rules', `${prometheusFolder}${path}`],
        '',
        patience,
      );
      expect({ code, stdout, stderr }).toMatchObject({ code: 0 });
    },
    300_000,
  );

  describe('a change of an alert fails its unit tests', () => {
    test.concurrent.each(alertRules().map((rule) => [titleOf(rule), rule] as const))(
      '%s',
      async (title, rule) => {
        await using dir = await tempDir('rule-mutants');
        const tests = await testsOf(title);
        const mutants = mutantsOf(rule);
        expect(mutants.length).toBeGreaterThanOrEqual(3);
        // Unchanged and by itself it passes, or its mutants would fail for another reason.
        expect(await verdict(dir.file('0'), rule, title, tests)).toBe('passed');
        const survivors: Mutant[] = [];
        for (const [i, mutant] of mutants.entries()) {
          const is = await verdict(dir.file(String(i + 1)), mutant.rule, title, tests);
          if (is === 'passed') survivors.push(mutant);
        }
        expect(survivors.map(({ change }) => change)).toEqual([]);
      },
      300_000,
    );
  });
});

/** A rule's name, with its window where several have one name; its tests' names begin with it. */
function titleOf({ alert, labels }: AlertRule): string {
  return labels.long_window === undefined ? alert : `${alert} ${labels.long_window}`;
}

/** The names of the files that test a rule. */
async function testsOf(title: string): Promise<string[]> {
  const paths = filesOf('tests');
  const texts = await Promise.all(paths.map((path) => readFile(path, 'utf8')));
  const found = paths.filter((_, i) => texts[i]?.includes(`- name: '${title} `));
  expect(found, `no test of ${title}`).not.toEqual([]);
  return found.map((path) => path.slice(`${prometheusFolder}tests/`.length));
}

/** What the tests of a rule say when it is the only one of its file. */
async function verdict(
  folder: string,
  rule: AlertRule,
  title: string,
  tests: readonly string[],
): Promise<'passed' | 'failed'> {
  await mkdir(`${folder}/rules`, { recursive: true });
  await symlink(`${prometheusFolder}tests`, `${folder}/tests`);
  await symlink(
    `${prometheusFolder}rules/inferometer-recording.yaml`,
    `${folder}/rules/inferometer-recording.yaml`,
  );
  const { group, ...itself } = rule;
  // JSON is YAML. The group keeps its name: tests say in which order groups are evaluated.
  const file = { groups: [{ name: group, rules: [itself] }] };
  await writeFile(`${folder}/rules/inferometer-alerts.yaml`, JSON.stringify(file));
  const paths = tests.map((test) => `${folder}/tests/${test}`);
  const { code, stdout, stderr } = await promtool(
    ['test', 'rules', `--run=^${title} `, ...paths],
    '',
    patience,
  );
  if (code === 0) return 'passed';
  // A rule that is not one at all would be no proof: it must have been evaluated, and differ or come to no result.
  if (!/alertname: |rule: .* err: /.test(`${stdout}${stderr}`))
    throw new Error(`${rule.expr}: ${stdout}${stderr}`);
  return 'failed';
}
