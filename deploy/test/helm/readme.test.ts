import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { chartReadme } from '../../helm/readme.ts';
import { chartDir } from './chart.ts';

test("the chart's README.md is what its values are: node deploy/helm/readme.ts", async () => {
  expect(await readFile(`${chartDir}/README.md`, 'utf8')).toBe(await chartReadme());
});
