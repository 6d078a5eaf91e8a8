import { globSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describeWithParts, promtool } from '@inferometer/testkit';
import { expect, test } from 'vitest';

const folder = fileURLToPath(new URL('../prometheus/', import.meta.url));

describeWithParts('prometheus/rules', ['promtool'], () => {
  test('pass promtool with all of its lints', async () => {
    const { code, stderr } = await promtool([
      'check',
      'rules',
      '--lint=all',
      '--lint-fatal',
      ...files('rules'),
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });

  test('do what their unit tests say', async () => {
    const { code, stdout, stderr } = await promtool(['test', 'rules', ...files('tests')]);
    expect({ code, stdout, stderr }).toMatchObject({ code: 0 });
  });
});

function files(below: string): string[] {
  return globSync(`${below}/*.yaml`, { cwd: folder }).map((path) => `${folder}${path}`);
}
