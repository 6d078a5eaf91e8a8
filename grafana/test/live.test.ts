import { readFile } from 'node:fs/promises';
import { METRIC } from '@inferometer/core';
import { describeWithParts, type Sample, waitFor } from '@inferometer/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { saturation } from '../../deploy/test/helm/scaling.ts';
import { knownLength } from '../../deploy/test/live/load.ts';
import { maxQueue } from '../../deploy/test/live/service.ts';
import { failedRatio, objectives, slowRatio } from '../src/overview/slo.ts';
import {
  builtDashboards,
  type DashboardJson,
  type PanelJson,
  panelNamed,
  panelsOf,
  type TargetJson,
} from './dashboard.ts';
import { problemsOf } from './live/check.ts';
import { chooseAll, substitute } from './live/choice.ts';
import { absent, absentMetrics, constant } from './live/expected.ts';
import { ruleFiles } from './live/rule-files.ts';
import { problemsOfRules, readRules } from './live/rules.ts';
import {
  gpuTruth,
  job,
  kubernetesLabels,
  type LiveSystem,
  startLiveSystem,
  type Way,
} from './live/system.ts';
import { documentedMetrics } from './metrics-page.ts';

/** How metrics come, and which form of histograms is chosen: of what is pushed there are classic ones only. */
const waysAndForms: readonly (readonly [Way, 'classic' | 'native'])[] = [
  ['scrape', 'classic'],
  ['scrape', 'native'],
  ['otlp', 'classic'],
];
const ways: readonly Way[] = ['scrape', 'otlp'];
/** Every choice that a dashboard has, at all there is. */
const everything = Object.assign({}, ...builtDashboards().map(([, each]) => chooseAll(each)));
const formValue = { classic: '.+', native: '()' } as const;

describeWithParts('dashboards on live data', ['prometheus', 'otelcol', 'helm', 'cc'], () => {
  let system: LiveSystem;

  beforeAll(async () => {
    system = await startLiveSystem();
  }, 300_000);

  afterAll(() => system?.[Symbol.asyncDispose]());

  describe.each(waysAndForms)('through %s, %s histograms', (way, form) => {
    /** Of the same version, a little earlier, where two are compared. */
    const further = { histogram: formValue[form], before: '3s' };

    test.each(builtDashboards())('%s answers on every panel', async (_name, dashboard) => {
      const choice = { ...chooseAll(dashboard), ...further };
      const options = {
        choice,
        timesS: system.timesS,
        constant,
        absent,
      };
      expect(await problemsOf(system.prometheus[way], dashboard, options)).toEqual([]);
    });
  });

  describe.each(ways)('through %s', (way) => {
    test.each(builtDashboards())('the variables of %s offer what is there', async (_name, dashboard) => {
      const choice = chooseAll(dashboard);
      for (const { name, type, query } of dashboard.templating.list) {
        if (type !== 'query') continue;
        const offered = await offers(way, typeof query === 'string' ? query : query.query, choice);
        expect({ name, offered: offered.length > 0 }).toEqual({ name, offered: true });
        if (name === 'job') expect(offered).toContain(job);
        if (name === 'model')
          expect(offered).toEqual(
            expect.arrayContaining(['image-digits', 'nickname-encoder', 'nickname-lm']),
          );
        if (name === 'tenant') expect(offered).toEqual(['blue', 'default', 'green']);
      }
    });

    test('each recording rule records, each alert looks at what there is', async () => {
      const rules = (await readRules(ruleFiles)).flatMap((group) => group.rules);
      const endS = system.timesS.at(-1) as number;
      expect(await problemsOfRules(system.prometheus[way], rules, endS, absentMetrics)).toEqual([]);
    });

    test('the pile of phases reaches the mean of the whole request, and the quantiles', async () => {
      const pile = panelNamed('requests', 'Mean time of a request, by phase').targets ?? [];
      const values = await Promise.all(pile.map(async ({ expr }) => (await now(way, expr))[0]?.value ?? 0));
      const whole = values.pop() as number;
      expect(sumOf(values) / whole).toBeCloseTo(1, 1);
      for (const name of ['p50', 'p95', 'p99']) {
        const [parts, all] = panelNamed('requests', `${name} of a request, by phase`).targets ?? [];
        const quantile = (await now(way, all?.expr ?? ''))[0]?.value as number;
        const stacked = sumOf((await now(way, parts?.expr ?? '')).map(({ value }) => value));
        expect(stacked / quantile).toBeCloseTo(1, 6);
      }
    });

    test('a request of known length is as long as it is', async () => {
      const { expr = '' } = panelNamed('requests', 'Mean time by route and phase').targets?.[0] ?? {};
      const phases = (await now(way, expr)).filter(({ metric }) => metric.route === knownLength.route);
      const seconds = sumOf(phases.map(({ value }) => value));
      // Timers may be early by a millisecond.
      expect(seconds).toBeGreaterThanOrEqual((knownLength.ms - 2) / 1e3);
      // What a busy machine adds is less than an order of magnitude.
      expect(seconds).toBeLessThan((10 * knownLength.ms) / 1e3);
    });

    test('what is shown is what is known otherwise, to an order of magnitude', async () => {
      const shown = async (
        dashboard: string,
        panel: string,
        fits: (sample: Sample) => boolean = () => true,
      ) => {
        const { expr = '' } = panelNamed(dashboard, panel).targets?.[0] ?? {};
        return sumOf((await now(way, expr)).filter(fits).map(({ value }) => value));
      };
      const { sent } = system;
      const gpuPanel = async (panel: string) => {
        const { expr = '' } = panelNamed('models-gpu', panel).targets?.[0] ?? {};
        return sumOf((await now(way, expr, everything)).map(({ value }) => value));
      };
      const close = (value: number, truth: number) => {
        expect(value / truth).toBeGreaterThan(0.2);
        expect(value / truth).toBeLessThan(5);
      };
      close(await shown('overview', 'Requests per second'), sent.requestsPerSecond);
      close(
        await shown('generation', 'Tokens per second', ({ metric }) => metric.type === 'output'),
        sent.tokensPerSecond,
      );
      close(await gpuPanel('GPU power'), gpuTruth.watts);
      close(await gpuPanel('GPU memory'), gpuTruth.bytes / 4);
      const memory = await shown('runtime', 'Memory of processes');
      close(memory, await residentBytes(system.service.pid));
    });

    test('the error budget is spent as fast as the recording rules have it', async () => {
      const choice = chooseAll(builtDashboards()[0]?.[1] as never);
      const { prometheus } = system;
      const endS = system.timesS.at(-1) as number;
      for (const [mine, bad, all] of [
        [failedRatio('5m'), 'failed', 'valid'],
        [slowRatio('5m'), 'slow', 'served'],
      ] as const) {
        const [shown] = await prometheus[way].query(substitute(mine, choice), endS);
        const [recorded] = await prometheus[way].query(
          `sum(inference:requests_${bad}:rate5m) / sum(inference:requests_${all}:rate5m)`,
          endS,
        );
        // The one extrapolates a window's ends, the other adds up rates of all of its moments.
        const [here, there] = [shown?.value as number, recorded?.value as number];
        expect(Math.abs(here - there)).toBeLessThan(0.01 + there / 2);
        expect(await prometheus[way].query(`inference:slo_objective:ratio`, endS)).toMatchObject([
          { metric: { slo: 'availability' }, value: objectives.availability },
          { metric: { slo: 'latency' }, value: objectives.latency },
        ]);
      }
    });

    test('a model that is not there has no answer, where a model can be chosen', async () => {
      for (const [, dashboard] of builtDashboards()) {
        const choice = { ...chooseAll(dashboard), model: 'no-such-model' };
        for (const { title, targets = [] } of dashboard.panels) {
          for (const { expr } of targets) {
            if (!expr.includes('$model')) continue;
            // A share of nothing is nothing, but what is set to 0 beforehand stays.
            const samples = (await now(way, expr, choice)).filter(
              ({ value }) => Number.isFinite(value) && value !== 0,
            );
            expect({ title, samples }).toEqual({ title, samples: [] });
          }
        }
      }
    });
  });

  test.each(ways)('autoscalers get the saturation that the dashboards show, through %s', async (way) => {
    const endS = system.timesS.at(-1) as number;
    const prometheus = system.prometheus[way];
    const deepest = `max(avg_over_time(inference_queue_depth{job="${job}"}[1m]))`;
    const [depth] = await prometheus.query(deepest, endS);
    for (const [scaler, query] of Object.entries(await saturation(kubernetesLabels))) {
      const samples = await prometheus.query(query, endS);
      expect({ scaler, samples }).toMatchObject({ scaler, samples: [{ value: expect.any(Number) }] });
      const [{ value } = { value: Number.NaN }] = samples;
      expect(value * maxQueue).toBeCloseTo(depth?.value as number, 3);
      // Renamed, it has no answer: that of another metric would look the same.
      expect(await prometheus.query(renamed(query), endS)).toEqual([]);
    }
  });

  test('the kinds of requests that were sent show where they belong', async () => {
    const labels = async (dashboard: string, panel: string, label: string) => {
      const { expr = '' } = panelNamed(dashboard, panel).targets?.[0] ?? {};
      return (await now('scrape', expr))
        .filter(({ value }) => value > 0)
        .map(({ metric }) => metric[label])
        .sort();
    };
    expect(await labels('requests', 'Request rate by model', 'model')).toEqual([
      'nickname-encoder',
      'nickname-lm',
      'none',
    ]);
    expect(await labels('requests', 'Errors by status', 'status')).toEqual(['400', '404', '429', '499']);
    expect(await labels('requests', 'Refused requests, by reason', 'reason')).toContain('queue_full');
    expect(await labels('models-gpu', 'Device time by tenant', 'tenant')).toEqual([
      'blue',
      'default',
      'green',
    ]);
    expect(new Set(await labels('models-gpu', 'Caches', 'result'))).toEqual(new Set(['hit', 'miss']));
    expect(await labels('batching', 'Why batches leave', 'reason')).toEqual(
      expect.arrayContaining(['decode', 'idle', 'prefill']),
    );
  });

  test('metrics are of the type and have the labels that docs/metrics.md names', async () => {
    const { scrape } = system.prometheus;
    const types = (await scrape.api('metadata')) as Record<string, { type: string }[]>;
    const ours = new Set<string>(Object.values(METRIC));
    for (const { name, type, labels } of await documentedMetrics()) {
      if (!ours.has(name)) continue;
      const [known] = types[name] ?? types[name.replace(/_total$/, '')] ?? [];
      // Not everything is there on every machine; what the dashboards show is.
      if (known === undefined) continue;
      expect({ name, type: known.type }).toEqual({ name, type });
      const series = await scrape.query(`{__name__=~"${name}(_count)?", job=~"${job}|on-a-gpu"}`);
      const found = new Set(series.flatMap(({ metric }) => Object.keys(metric)));
      const unnamed = [...found].filter((label) => !labels.includes(label) && !ofTargets.test(label));
      expect({ name, unnamed }).toEqual({ name, unnamed: [] });
    }
  });

  test('the dots of a latency panel lead to traces', async () => {
    const { expr = '' } = panelNamed('requests', 'Latency, all requests').targets?.[0] ?? {};
    const [, dashboard] = builtDashboards()[1] as ReturnType<typeof builtDashboards>[number];
    const exemplars = await system.prometheus.scrape.exemplars(substitute(expr, chooseAll(dashboard)));
    expect(exemplars.length).toBeGreaterThan(0);
    for (const { labels } of exemplars) expect(labels.trace_id).toMatch(/^[0-9a-f]{32}$/);
  });

  describe('the check itself', () => {
    /** Problems with one panel alone, or one query of it. */
    const problemsWith = (dashboard: DashboardJson, panel: PanelJson, targets = panel.targets) => {
      const alone = { ...dashboard, panels: [{ ...panel, ...(targets ? { targets } : {}) }] };
      const choice = { ...chooseAll(dashboard), before: '3s' };
      const times = { timesS: system.timesS.slice(-1), constant: { [panel.title]: '' } };
      return problemsOf(system.prometheus.scrape, alone, { choice, absent, ...times });
    };

    test.each(builtDashboards())(
      'finds each query of %s that is emptied, asks for what is not there or drops a label',
      async (_name, dashboard) => {
        const undetected: string[] = [];
        for (const panel of panelsOf(dashboard)) {
          for (const target of panel.targets ?? []) {
            if (panel.title in absent || `${panel.title}: ${target.legendFormat}` in absent) continue;
            for (const [what, expr] of mutationsOf(target)) {
              const found = await problemsWith(dashboard, panel, [{ ...target, expr }]);
              if (found.length === 0) undetected.push(`${panel.title}: ${what}`);
            }
          }
        }
        expect(undetected).toEqual([]);
      },
      120_000,
    );

    test('finds each panel whose metrics lost their name or a label on the way', async () => {
      const hurt = /inference_queue_depth\b|inference_tokens_total|inference_run_duration_seconds/;
      for (const [, dashboard] of builtDashboards()) {
        const choice = { ...chooseAll(dashboard), before: '3s' };
        const options = { choice, timesS: system.timesS.slice(-1), constant: {}, absent };
        const problems = (await problemsOf(system.damaged, dashboard, options)).filter(
          (problem) => !problem.includes('does not change'),
        );
        for (const { title, targets = [] } of panelsOf(dashboard)) {
          const isHurt = targets.some(
            ({ expr, legendFormat }) =>
              hurt.test(expr) ||
              /\{\{(tenant|status)\}\}/.test(legendFormat) ||
              /\b(tenant|status)=~/.test(expr),
          );
          const isFound = problems.some((problem) => problem.startsWith(`${title}: `));
          expect({ title, isFound }).toEqual({ title, isFound: isHurt });
        }
      }
    });

    test('finds each rule that records nothing and each alert that looks at nothing', async () => {
      const rules = (await readRules(ruleFiles)).flatMap((group) => group.rules);
      const endS = system.timesS.at(-1) as number;
      const { scrape } = system.prometheus;
      for (const rule of rules) {
        if (absentMetrics.test(rule.expr)) continue;
        const mutated = rule.record
          ? { ...rule, record: `${rule.record}:renamed` }
          : { ...rule, expr: renamed(rule.expr) };
        expect({
          rule,
          found: (await problemsOfRules(scrape, [mutated], endS, absentMetrics)).length > 0,
        }).toEqual({ rule, found: true });
      }
    });
  });

  // Last, since it ends the service.
  test('the last sample is seconds old, and ages when the service is gone', async () => {
    const { expr = '' } = panelNamed('overview', 'Last sample').targets?.[0] ?? {};
    const choice = chooseAll(builtDashboards()[0]?.[1] as never);
    const { scrape } = system.prometheus;
    const age = async () => {
      const samples = await scrape.query(substitute(expr, choice));
      return samples.find(({ metric }) => metric.job === job)?.value ?? Number.NaN;
    };
    expect(await age()).toBeLessThan(30);
    await system.service.stop();
    await scrape.waitForQuery(`absent(inferometer_build_info{job="${job}"})`);
    const gone = await age();
    await waitFor('the age to grow', async () => (await age()) > gone + 2);
  });

  /** The samples at the end of the load. @param choice @default all of the job that serves requests */
  function now(way: Way, expr: string, choice?: Readonly<Record<string, string>>): Promise<Sample[]> {
    const chosen = choice ?? { ...everything, job };
    return system.prometheus[way].query(substitute(expr, chosen), system.timesS.at(-1));
  }

  async function offers(
    way: Way,
    query: string,
    choice: Readonly<Record<string, string>>,
  ): Promise<string[]> {
    const [, selector = '', label = ''] = /^label_values\((.+), (\w+)\)$/.exec(query) ?? [];
    const match = { 'match[]': substitute(selector, choice) };
    return (await system.prometheus[way].api(`label/${label}/values`, match)) as string[];
  }
});

/** Memory of a process in RAM, as Linux has it. */
async function residentBytes(pid: number): Promise<number> {
  const [, kib] = /^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kib) * 1024;
}

/** Labels of every target, and those that all of a device's metrics have. */
const ofTargets = /^(__name__|job|instance|namespace|pod|otel_scope_\w+|hw_(id|name|type|parent))$/;

/** What could go wrong with a query, one thing at a time. */
function mutationsOf({ expr, legendFormat }: TargetJson): (readonly [what: string, expr: string])[] {
  const names = new Set(
    [...expr.matchAll(/\b([a-z][a-z0-9_]*)\{/g)].map(([, name = '']) =>
      name.replace(/_(bucket|sum|count)$/, ''),
    ),
  );
  const labels = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label as string);
  return [
    ['emptied', ''],
    ...[...names].map((name) => {
      const metric = new RegExp(`\\b${name}(?=(_bucket|_sum|_count)?\\{)`, 'g');
      return [`${name} renamed`, expr.replace(metric, `${name}_renamed`)] as const;
    }),
    // Of those that the query keeps by name.
    ...labels
      .filter((label) => new RegExp(`by \\([^)]*\\b${label}\\b`).test(expr))
      .map(
        (label) =>
          [
            `without ${label}`,
            expr.replace(new RegExp(`(by \\([^)]*)\\b${label}\\b(, )?`, 'g'), '$1'),
          ] as const,
      ),
  ];
}

/** An expression that asks for metrics that are not there. */
function renamed(expr: string): string {
  return expr.replace(
    /\b((inference|inferometer|otelcol|hw|prometheus)[a-z0-9_:]*|up\b)/g,
    (name) => `${name}_renamed`,
  );
}

function sumOf(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
