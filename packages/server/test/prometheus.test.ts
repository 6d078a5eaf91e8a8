import { describeWithParts, promtool, startPrometheus } from '@inferometer/testkit';
import { expect, test } from 'vitest';
import { startServer } from './serving.ts';

describeWithParts('a real Prometheus', ['prometheus', 'promtool'], () => {
  test('scrapes the service and answers PromQL on the histograms', async () => {
    await using server = await startServer();
    await using prometheus = await startPrometheus({
      scrape: [{ job: 'inferometer', targets: [server.url] }],
    });
    // Series must exist before they grow: a rate needs two samples.
    const send = async (count: number): Promise<void> => {
      for (let i = 0; i < count; i++) {
        const inputs = Array.from({ length: 1 + (i % 5) }, (_, k) => `text ${i} ${k}`);
        await Promise.all([server.post('/embed', { inputs }), server.post('/embed', { inputs: 'another' })]);
      }
      await (
        await server.post('/v1/completions', { prompt: 'mood: sleepy\n', max_tokens: 8, stream: true })
      ).text();
    };
    await send(3);
    await prometheus.waitForQuery('inference_request_duration_seconds_count{model="nickname-encoder"} >= 6');
    await send(20);
    await prometheus.waitForQuery(
      'inference_request_duration_seconds_count{model="nickname-encoder",status="200"} == 46',
    );

    const value = async (query: string): Promise<number> =>
      (await prometheus.waitForQuery(query))[0]?.value ?? Number.NaN;
    const p95 = await value(
      'histogram_quantile(0.95, sum by (le) (rate(inference_request_duration_seconds_bucket{model="nickname-encoder"}[1m])))',
    );
    expect(p95).toBeGreaterThan(0);
    expect(p95).toBeLessThan(30);
    // The phases of all requests add up to the requests.
    const ratio = await value(
      'sum(inference_phase_duration_seconds_sum{model="nickname-encoder"}) / sum(inference_request_duration_seconds_sum{model="nickname-encoder"})',
    );
    expect(ratio).toBeCloseTo(1, 6);
    expect(await value('sum(inference_batch_size_sum{model="nickname-encoder"})')).toBeGreaterThanOrEqual(46);
    expect(
      await value('inference_queue_depth_at_arrival_count{model="nickname-encoder"}'),
    ).toBeGreaterThanOrEqual(46);
    expect(await value('inference_queue_depth{model="nickname-encoder"}')).toBe(0);
    expect(await value('inference_queue_capacity{model="nickname-encoder"}')).toBe(4096);
    expect(await value('gen_ai_server_time_to_first_token_seconds_count == 2')).toBe(2);
    expect(await value('inference_device_time_seconds_total{model="nickname-encoder"}')).toBeGreaterThan(0);
    expect(await value('sum(inference_batch_dispatches_total) > 0')).toBeGreaterThan(0);
    expect(await value('inferometer_build_info')).toBe(1);
    expect((await prometheus.targets())[0]).toMatchObject({ health: 'up', lastError: '' });
  });

  test('promtool finds nothing wrong with our part of the exposition', async () => {
    await using server = await startServer();
    await (await server.post('/embed', { inputs: 'x' })).arrayBuffer();
    const text = await (await fetch(`${server.url}/metrics`)).text();
    // The process metrics are prom-client's; their names are its own.
    const families = text
      .split(/(?=^# HELP )/m)
      .filter((family) => /^# HELP (inference|gen_ai|inferometer)_/.test(family));
    expect(families.length).toBeGreaterThan(15);
    const { code, stdout, stderr } = await promtool(['check', 'metrics'], families.join(''));
    expect([code, stdout + stderr]).toEqual([0, '']);
  });
});
