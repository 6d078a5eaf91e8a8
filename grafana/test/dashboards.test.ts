import { readdir, readFile } from 'node:fs/promises';
import { PHASES } from '@inferometer/core';
import { describe, expect, test } from 'vitest';
import { dashboards, dashboardsDir, toJson } from '../src/index.ts';
import { arrange } from '../src/layout.ts';
import { NAME } from '../src/names.ts';
import { builtDashboards, type PanelJson, panelNamed, panelsOf, targetsOf } from './dashboard.ts';
import { lintDashboard } from './lint/dashboard-rules.ts';
import { parsePromql, vectorsOf, walk } from './promql/parse.ts';

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

  test('keeps all 17 rules of dashboard-linter', () => {
    expect(lintDashboard(dashboard)).toEqual([]);
  });

  test('leads to its siblings with the time range and all variables', () => {
    expect(dashboard.links).toMatchObject([
      { type: 'dashboards', tags: ['inferometer'], keepTime: true, includeVars: true },
    ]);
    for (const { title, links = [] } of dashboard.panels) {
      for (const { url } of links) {
        const [, uid, query] = /^\/d\/(.+)\?(.+)$/.exec(url) ?? [];
        expect(Object.keys(dashboards), title).toContain(`${uid}.json`);
        expect(query).toBe(`\${__url_time_range}&\${__all_variables}`);
      }
    }
  });

  test('can be narrowed to a data source, jobs, instances and models, and takes either form of histograms', () => {
    const [datasource, ...choices] = dashboard.templating.list;
    expect(datasource).toMatchObject({ type: 'datasource', name: 'datasource', label: 'Data Source' });
    const form = choices.pop();
    expect(form).toMatchObject({
      type: 'custom',
      name: 'histogram',
      options: [
        { text: 'classic', value: '.+' },
        { text: 'native', value: '()' },
      ],
    });
    expect(choices.map(({ name }) => name).slice(0, 3)).toEqual(['job', 'instance', 'model']);
    for (const choice of choices) {
      if (choice.type === 'custom') continue;
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

  test('queries only metrics that there are', () => {
    const names = new Set<string>(Object.values(NAME));
    for (const { panel, target } of targets) {
      for (const { metric, matchers } of vectorsOf(read(target.expr))) {
        if (metric === undefined) {
          const pattern = matchers.find(({ label }) => label === '__name__')?.value ?? '';
          expect(names, panel.title).toContain(pattern.replace(/_(sum|count)$/, ''));
          continue;
        }
        const isKnown = [metric, metric.replace(/_(bucket|sum|count)$/, '')].some((name) => names.has(name));
        expect(isKnown, `${metric} in ${panel.title}`).toBe(true);
      }
    }
  });

  test('shows counters by their growth', () => {
    for (const { panel, target } of targets) {
      walk(read(target.expr), (part, around) => {
        if (part.kind !== 'vector' || !/_(total|bucket|sum|count)$/.test(part.metric ?? '')) return;
        const outer = around.at(-1);
        // Loads of models are too rare for a rate: since the process began.
        const grows = outer?.kind === 'call' && /^(rate|increase|last_over_time)$/.test(outer.name);
        expect(grows, `${part.metric} in ${panel.title}`).toBe(true);
      });
    }
  });

  test('has no two panels that ask the same', () => {
    const seen = new Map<string, string>();
    for (const { panel, target } of targets) {
      const key = `${panel.type} ${target.expr}`;
      expect([panel.title, seen.get(key)]).toEqual([panel.title, undefined]);
      seen.set(key, panel.title);
    }
  });

  test('asks for a number as it is now, and for lines over time', () => {
    for (const { panel, target } of targets) {
      const expected = ['stat', 'bargauge', 'table'].includes(panel.type)
        ? { instant: true, range: false }
        : { instant: false, range: true };
      expect(target, panel.title).toMatchObject(expected);
      // The power of GPUs has no buckets: Grafana makes them.
      const isOfBuckets = panel.type === 'heatmap' && panel.options?.calculate === false;
      expect(target.format === 'heatmap', panel.title).toBe(isOfBuckets);
    }
  });
});

test('the pile of phases has every phase, in the order of a request', () => {
  const pile = panelNamed('requests', 'Mean time of a request, by phase');
  expect(pile.targets?.map(({ legendFormat }) => legendFormat)).toEqual([...PHASES, 'whole request']);
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

/** PromQL with the durations in the place of Grafana's. */
function read(expr: string) {
  return parsePromql(expr.replaceAll('$__rate_interval', '1m').replaceAll('$before', '1h'));
}
