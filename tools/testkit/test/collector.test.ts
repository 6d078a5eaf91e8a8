import { expect, test } from 'vitest';
import { type Collector, defaultCollectorConfig, describeWithParts, startCollector } from '../src/index.ts';
import { isGone } from './gone.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const attribute = (key: string, value: object) => ({ key, value });

async function post(collector: Collector, signal: string, body: object): Promise<void> {
  const response = await fetch(`${collector.url}/v1/${signal}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  expect(response.status, await response.text()).toBe(200);
}

const traces = {
  resourceSpans: [
    {
      resource: { attributes: [attribute('service.name', { stringValue: 'app' })] },
      scopeSpans: [
        {
          scope: { name: 'inferometer', version: '1' },
          spans: [
            {
              traceId,
              spanId: '00f067aa0ba902b7',
              name: 'POST /embed',
              kind: 2,
              startTimeUnixNano: '1790000000000000001',
              endTimeUnixNano: '1790000000250000001',
              attributes: [
                attribute('http.route', { stringValue: '/embed' }),
                attribute('batch.size', { intValue: '8' }),
                attribute('padding', { doubleValue: 0.25 }),
                attribute('ok', { boolValue: true }),
                attribute('texts', { arrayValue: { values: [{ stringValue: 'a' }, { intValue: '2' }] } }),
              ],
              events: [{ name: 'first token', timeUnixNano: '1790000000000000002' }],
              links: [{ traceId, spanId: '00f067aa0ba902b9' }],
              status: { code: 2, message: 'no room' },
            },
            { traceId, spanId: '00f067aa0ba902b8', parentSpanId: '00f067aa0ba902b7', name: 'inference.run' },
          ],
        },
      ],
    },
  ],
};

describeWithParts('startCollector', ['otelcol'], () => {
  test('receives spans and gives them back flat', async () => {
    await using collector = await startCollector();
    expect(await collector.spans()).toEqual([]);
    await post(collector, 'traces', traces);
    const [root, run] = await collector.waitForSpans((spans) => spans.length === 2);
    expect(root).toEqual({
      traceId,
      spanId: '00f067aa0ba902b7',
      parentSpanId: undefined,
      name: 'POST /embed',
      kind: 'SERVER',
      startTimeUnixNano: 1790000000000000001n,
      endTimeUnixNano: 1790000000250000001n,
      durationMs: 250,
      attributes: { 'http.route': '/embed', 'batch.size': 8, padding: 0.25, ok: true, texts: ['a', 2] },
      events: [{ name: 'first token', timeUnixNano: 1790000000000000002n, attributes: {} }],
      links: [{ traceId, spanId: '00f067aa0ba902b9', attributes: {} }],
      status: { code: 'ERROR', message: 'no room' },
      traceState: '',
      resource: { 'service.name': 'app' },
      scope: { name: 'inferometer', version: '1' },
    });
    expect(run).toMatchObject({ parentSpanId: '00f067aa0ba902b7', resource: { 'service.name': 'app' } });
    await expect(collector.waitForSpans((spans) => spans.length === 3, { timeoutMs: 200 })).rejects.toThrow(
      'fitting spans at the Collector; it has 2: POST /embed, inference.run',
    );
    await collector.stop();
    expect(isGone(collector.pid)).toBe(true);
  });

  test('receives metrics and gives their points back flat', async () => {
    await using collector = await startCollector();
    const dataPoints = [{ asInt: '5', attributes: [attribute('model', { stringValue: 'minilm' })] }];
    const metric = { name: 'inference.queue.depth', unit: '{request}', gauge: { dataPoints } };
    await post(collector, 'metrics', { resourceMetrics: [{ scopeMetrics: [{ metrics: [metric] }] }] });
    const [point] = await collector.waitForMetrics((points) => points.length > 0);
    expect(point).toMatchObject({
      name: metric.name,
      type: 'gauge',
      attributes: { model: 'minilm' },
      value: 5,
    });
  });

  test('runs a configuration of the test under the default ends', async () => {
    const pipeline = `
      processors:
        filter: { error_mode: ignore, traces: { span: ['name == "inference.run"'] } }
      service:
        pipelines: { traces: { processors: [filter] } }`;
    await using collector = await startCollector({ config: (at) => [pipeline, defaultCollectorConfig(at)] });
    await post(collector, 'traces', traces);
    const spans = await collector.waitForSpans((all) => all.length > 0);
    expect(spans.map(({ name }) => name)).toEqual(['POST /embed']);
  });

  test('starts again on the ports that it had', async () => {
    const first = await startCollector();
    await first.stop();
    await using second = await startCollector({ ports: first.ports });
    expect(second.url).toBe(first.url);
    await post(second, 'traces', traces);
  });

  test('says what is wrong with a configuration', async () => {
    await expect(startCollector({ config: 'receivers: {nonsense: {}}' })).rejects.toThrow(/nonsense/);
  });
});
