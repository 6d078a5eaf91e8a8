import { readdir, readFile } from 'node:fs/promises';
import { METRIC, PHASES } from '@inferometer/core';
import { describe, expect, test } from 'vitest';
import { dashboards, dashboardsDir, toJson } from '../src/index.ts';
import { arrange } from '../src/layout.ts';
import { builtDashboards, type PanelJson, panelsOf, targetsOf } from './dashboard.ts';

test('the JSON in the repository is what the code writes', async () => {
  expect((await readdir(dashboardsDir)).sort()).toEqual(Object.keys(dashboards).sort());
  for (const [name, build] of Object.entries(dashboards)) {
    const file = await readFile(new URL(name, dashboardsDir), 'utf8');
    expect(file === toJson(build()), `${name} is stale: run npm run build -w grafana`).toBe(true);
  }
});

describe.each(builtDashboards())('%s', (_name, dashboard) => {
  const panels = panelsOf(dashboard);
  const targets = targetsOf(dashboard);

  test('says what it is, refreshes itself and cannot be edited', () => {
    expect(dashboard).toMatchObject({ editable: false, schemaVersion: 42 });
    for (const text of [dashboard.title, dashboard.uid, dashboard.description, dashboard.refresh]) {
      expect(text).toMatch(/\S/);
    }
    expect(dashboard.time).toMatchObject({ from: expect.stringMatching(/^now-/), to: 'now' });
    expect(dashboard.tags).toContain('inferometer');
  });

  test('can be narrowed to a data source, jobs, instances and models', () => {
    const [datasource, ...choices] = dashboard.templating.list;
    expect(datasource).toMatchObject({ type: 'datasource', name: 'datasource', label: 'Data Source' });
    expect(choices.map(({ name }) => name)).toEqual(['job', 'instance', 'model']);
    for (const choice of choices) {
      // 2: asked again whenever the time range changes, so that what comes and goes shows.
      expect(choice).toMatchObject({
        type: 'query',
        multi: true,
        includeAll: true,
        allValue: '.+',
        refresh: 2,
      });
    }
  });

  test('has a title, a description, a unit, a legend and the chosen data source on every panel', () => {
    const chosen = { type: 'prometheus', uid: '$datasource' };
    for (const panel of panels) {
      expect(panel.title).toMatch(/\S/);
      expect(panel, panel.title).toMatchObject({
        description: expect.stringMatching(/\.$/),
        datasource: chosen,
      });
      expect(panel.fieldConfig?.defaults.unit, panel.title).toMatch(/\S/);
      if (panel.type === 'timeseries') expect(panel.options?.legend?.showLegend, panel.title).toBe(true);
      if (panel.type === 'heatmap') expect(panel.options?.legend?.show, panel.title).toBe(true);
    }
    for (const { panel, target } of targets) {
      expect(target, panel.title).toMatchObject({
        datasource: chosen,
        legendFormat: expect.stringMatching(/\S/),
      });
    }
    expect(new Set(panels.map(({ title }) => title)).size).toBe(panels.length);
  });

  test('numbers panels and queries, each once', () => {
    const ids = dashboard.panels.map(({ id }) => id);
    expect(ids.every((id) => Number.isInteger(id) && id > 0)).toBe(true);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { title, targets = [] } of panels) {
      const refIds = targets.map(({ refId }) => refId);
      expect(refIds.length, title).toBeGreaterThan(0);
      expect(refIds, title).toEqual([...new Set(refIds)].filter((refId) => /^[A-Z]$/.test(refId)));
    }
  });

  test('lays panels out within the grid, none over another', () => {
    for (const [index, panel] of dashboard.panels.entries()) {
      const { x, w } = panel.gridPos;
      expect(x >= 0 && w > 0 && x + w <= 24, panel.title).toBe(true);
      const under = dashboard.panels.slice(index + 1).filter((other) => overlap(panel, other));
      expect(under.map(({ title }) => `${panel.title} / ${title}`)).toEqual([]);
    }
  });

  test('queries only metrics that there are, at the chosen jobs and instances', () => {
    const names = new Set<string>(Object.values(METRIC));
    for (const { panel, target } of targets) {
      const selectors = selectorsOf(target.expr);
      expect(selectors.length, panel.title).toBeGreaterThan(0);
      for (const { metric, matchers } of selectors) {
        expect(
          [metric, metric.replace(/_(bucket|sum|count)$/, '')].some((name) => names.has(name)),
          metric,
        ).toBe(true);
        expect(matchers, panel.title).toMatch(/^job=~"\$job", instance=~"\$instance"/);
      }
    }
  });

  test('shows counters by their growth, over the interval that fits the screen', () => {
    for (const { panel, target } of targets) {
      for (const { metric, before } of selectorsOf(target.expr)) {
        const isCounter = /_(total|bucket|sum|count)$/.test(metric);
        expect(/\b(rate|increase)\($/.test(before), `${metric} in ${panel.title}`).toBe(isCounter);
      }
      // Without matchers, whose patterns have brackets too. A range with a colon is a subquery over gauges.
      const text = target.expr.replace(/\{[^}]*\}/g, '');
      const ranges = [...text.matchAll(/\[([^\]:]+)\]/g)].map(([, range]) => range);
      expect(ranges.filter((range) => range !== '$__rate_interval')).toEqual([]);
    }
  });

  test('asks for a number as it is now, and for lines over time', () => {
    for (const { panel, target } of targets) {
      const expected =
        panel.type === 'stat' ? { instant: true, range: false } : { instant: false, range: true };
      expect(target, panel.title).toMatchObject(expected);
      expect(target.format === 'heatmap', panel.title).toBe(panel.type === 'heatmap');
    }
  });
});

test('the pile of phases has every phase, in the order of a request', () => {
  const [, dashboard] = builtDashboards()[0] as ReturnType<typeof builtDashboards>[number];
  const pile = panelsOf(dashboard).find(({ title }) => title === 'Mean time of a request, by phase');
  expect(pile?.targets?.map(({ legendFormat }) => legendFormat)).toEqual([...PHASES, 'whole request']);
});

test('panels wrap to a new line where the next one does not fit', () => {
  const panel = (title: string, w: number, h: number) => ({
    type: 'stat',
    title,
    gridPos: { x: 0, y: 0, w, h },
  });
  const sections = [
    { title: 'one', panels: [panel('a', 12, 4), panel('b', 8, 8), panel('c', 8, 4)] },
    { title: 'two', panels: [panel('d', 24, 3)] },
  ];
  expect(arrange(sections).map(({ id, title, gridPos }) => [id, title, gridPos])).toEqual([
    [1, 'one', { x: 0, y: 0, w: 24, h: 1 }],
    [2, 'a', { x: 0, y: 1, w: 12, h: 4 }],
    [3, 'b', { x: 12, y: 1, w: 8, h: 8 }],
    [4, 'c', { x: 0, y: 9, w: 8, h: 4 }],
    [5, 'two', { x: 0, y: 13, w: 24, h: 1 }],
    [6, 'd', { x: 0, y: 14, w: 24, h: 3 }],
  ]);
  expect(() => arrange([{ title: 'one', panels: [panel('wide', 25, 4)] }])).toThrow(
    new RangeError('width of "wide" must be from 1 to 24, got 25'),
  );
});

function overlap({ gridPos: a }: PanelJson, { gridPos: b }: PanelJson): boolean {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}

/** What a query selects: `metric{matchers}`, with what stands before it. Names of ours without braces are found too. */
function selectorsOf(expr: string): { metric: string; matchers: string; before: string }[] {
  // Labels in `by (…)` look like names.
  const text = expr.replace(/\bby \([^)]*\)/g, '');
  return [...text.matchAll(/\b((?:inference|inferometer|gen_ai|hw)_\w+)(?:\{([^}]*)\})?(?![\w]*\s*=)/g)]
    .filter(({ index }) => !isWithinBraces(text, index))
    .map(({ 1: metric = '', 2: matchers = '', index }) => ({
      metric,
      matchers,
      before: text.slice(0, index),
    }));
}

function isWithinBraces(text: string, index: number): boolean {
  return text.lastIndexOf('{', index) > text.lastIndexOf('}', index);
}
