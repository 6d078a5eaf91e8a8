import { fileURLToPath } from 'node:url';
import { describeWithParts, promtool } from '@inferometer/testkit';
import { expect, test } from 'vitest';

const configFile = fileURLToPath(new URL('../prometheus/prometheus.yml', import.meta.url));

describeWithParts('prometheus/prometheus.yml', ['promtool'], () => {
  test('passes promtool with all of its lints', async () => {
    const args = ['check', 'config', '--lint=all', '--lint-fatal', configFile];
    const { code, stdout, stderr } = await promtool(args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('SUCCESS');
  });
});
