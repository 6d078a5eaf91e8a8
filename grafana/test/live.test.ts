import {
  type Collector,
  describeWithParts,
  type Prometheus,
  startCollector,
  startPrometheus,
  waitFor,
} from '@inferometer/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadFor, round } from '../../deploy/test/live/load.ts';
import { type Service, startService } from '../../deploy/test/live/service.ts';
import { builtDashboards, type DashboardJson, panelsOf, type TargetJson, targetsOf } from './dashboard.ts';

const job = 'inferometer';
/** Scrapes, one a second, over which the load goes on. */
const scrapes = 15;
/** Well within the load: at its edges Prometheus extrapolates each series in its own way. */
const rateInterval = '8s';

/** What the dashboard's variables stand for. */
type Choice = Readonly<Record<'job' | 'instance' | 'model', string>>;

describeWithParts('dashboards on live data', ['prometheus', 'otelcol'], () => {
  const running = new AsyncDisposableStack();
  let service: Service;
  let prometheus: Prometheus;
  /** When all queries are run, seconds since the epoch: the end of the load. */
  let endS: number;

  beforeAll(async () => {
    const collector: Collector = running.use(await startCollector());
    service = running.use(await startService(collector.url));
    // Before the first scrape, so that no series begins in the midst of the load.
    await round(service.url);
    prometheus = running.use(await startPrometheus({ scrape: [{ job, targets: [service.url] }] }));
    await loadFor(service.url, async () => {
      const [seen] = await prometheus.query('count_over_time(inferometer_build_info[1m])');
      return (seen?.value ?? 0) >= scrapes;
    });
    endS = Date.now() / 1000;
  }, 180_000);

  afterAll(() => running.disposeAsync());

  const all: Choice = { job: '.+', instance: '.+', model: '.+' };

  describe.each(builtDashboards())('%s', (_name, dashboard) => {
    test('its variables offer the job, the instance and the models that are there', async () => {
      const offered = async (name: string) => {
        const variable = dashboard.templating.list.find((it) => it.name === name);
        const query = typeof variable?.query === 'string' ? variable.query : (variable?.query.query ?? '');
        const [, selector, label] = /^label_values\((.+), (\w+)\)$/.exec(query) ?? [];
        return prometheus.api(`label/${label}/values`, { 'match[]': substitute(selector as string, all) });
      };
      expect(await offered('job')).toEqual([job]);
      expect(await offered('instance')).toEqual([service.host]);
      expect(await offered('model')).toEqual(['image-digits', 'nickname-encoder', 'nickname-lm']);
    });

    test.each(
      targetsOf(dashboard).map(({ panel, target }) => [panel.title, target.legendFormat, target] as const),
    )('has an answer: %s, %s', async (_title, _legend, target) => {
      expect((await answer(target, all)).filter(Number.isFinite).length).toBeGreaterThan(0);
    });

    test('has an answer on every panel when jobs, instances and models are chosen one by one', async () => {
      // As Grafana writes several chosen values.
      const chosen = { job, instance: service.host, model: '(nickname-encoder|nickname-lm)' };
      const silent: string[] = [];
      for (const panel of panelsOf(dashboard)) {
        const answers = await Promise.all((panel.targets ?? []).map((target) => answer(target, chosen)));
        if (!answers.flat().some(Number.isFinite)) silent.push(panel.title);
      }
      expect(silent).toEqual([]);
    });

    test('is empty for a model that is not there, where a model can be chosen', async () => {
      const chosen = { ...all, model: 'no-such-model' };
      for (const { panel, target } of targetsOf(dashboard)) {
        if (!target.expr.includes('$model')) continue;
        const finite = (await answer(target, chosen)).filter(Number.isFinite);
        expect({ panel: panel.title, finite }).toEqual({ panel: panel.title, finite: [] });
      }
    });
  });

  test('the pile of phases reaches the mean of the whole request', async () => {
    const targets = panel('Mean time of a request, by phase').targets ?? [];
    const values = await Promise.all(targets.map(async (target) => (await now(target))[0]?.value ?? 0));
    const whole = values.pop() as number;
    const pile = values.reduce((sum, value) => sum + value, 0);
    expect(whole).toBeGreaterThan(0);
    expect(Math.abs(pile / whole - 1)).toBeLessThan(0.01);
  });

  test('the kinds of requests that were sent show where they belong', async () => {
    const labels = async (title: string, label: string) =>
      (await now(panel(title).targets?.[0] as TargetJson)).map(({ metric }) => metric[label]).sort();
    expect(await labels('Request rate by model', 'model')).toEqual([
      'nickname-encoder',
      'nickname-lm',
      'none',
    ]);
    expect(await labels('Errors by status', 'status')).toEqual(['400', '404', '429']);
    expect(new Set(await labels('Refused requests', 'reason'))).toEqual(new Set(['queue_full']));
    expect(await labels('Why batches leave', 'reason')).toContain('idle');
    expect(await labels('Instances by version', 'version')).toEqual([
      expect.stringMatching(/^\d+\.\d+\.\d+/),
    ]);
    // One of the twenty requests of a round is refused by the service.
    const [failed] = await now(panel('Failed by the service').targets?.[0] as TargetJson);
    expect(failed?.value).toBeGreaterThan(0.02);
    expect(failed?.value).toBeLessThan(0.1);
    const [spans] = await now(panel('Spans exported').targets?.[0] as TargetJson);
    expect(spans?.value).toBeGreaterThan(10);
  });

  test('the last scrape is seconds ago, and grows when the service is gone', async () => {
    const [target] = panel('Last scrape').targets as [TargetJson];
    const age = async () => (await prometheus.query(substitute(target.expr, all)))[0]?.value ?? Number.NaN;
    expect(await age()).toBeLessThan(5);
    await service.stop();
    await prometheus.waitForQuery('absent(inferometer_build_info)');
    const gone = await age();
    await waitFor('the age to grow', async () => (await age()) > gone + 2);
    expect(
      await prometheus.query(substitute(panel('Instances by version').targets?.[0]?.expr ?? '', all)),
    ).toEqual([]);
  });

  function panel(title: string) {
    const found = panelsOf(builtDashboards()[0]?.[1] as DashboardJson).find((it) => it.title === title);
    if (found === undefined) throw new Error(`no panel ${title}`);
    return found;
  }

  /** The samples at the end of the load. */
  function now({ expr }: TargetJson) {
    return prometheus.query(substitute(expr, all), endS);
  }

  /** All values that a query gives, asked for as Grafana does: a number at the end, or lines up to it. */
  async function answer({ expr, instant }: TargetJson, choice: Choice): Promise<number[]> {
    const promql = substitute(expr, choice);
    if (instant) return (await prometheus.query(promql, endS)).map(({ value }) => value);
    const series = await prometheus.queryRange(promql, { startS: endS - 5, endS });
    return series.flatMap(({ points }) => points.map(({ value }) => value));
  }
});

/** Puts values in the place of Grafana's variables. @throws {Error} if one is left */
function substitute(expr: string, choice: Choice): string {
  const values: Readonly<Record<string, string>> = { ...choice, __rate_interval: rateInterval };
  return expr.replace(/\$(\w+)/g, (variable, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`unknown variable ${variable} in ${expr}`);
    return value;
  });
}
