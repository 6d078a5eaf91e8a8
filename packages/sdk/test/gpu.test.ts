import { readdirSync, readFileSync } from 'node:fs';
import {
  type Collector,
  describeWithParts,
  type FakeNvml,
  type Prometheus,
  promtool,
  startCollector,
  startFakeNvml,
  startPrometheus,
  waitFor,
} from '@inferometer/testkit';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type App, accepts, samplesOf, startApp, totalOf } from './pipeline-setup.ts';

const ids = ['GPU-aaaaaaaa-1111-2222-3333-444444444444', 'GPU-bbbbbbbb-1111-2222-3333-444444444444'] as const;
const script = `
devices 2
* name NVIDIA L4
* utilization 60 20
* memory 1000000000 0 250000000
* power 200000
* energy 5000000+200000/s
* temperature 60
* field_82 70
* sm_clock 1500
* memory_clock 6000
* pcie 100 200
* throttled 0x4
* throttle_supported 0x6
* ecc 2 0
* encoder 10
* decoder 20
* processes parent:200000000
* process_utilization parent:50:0:0:0
* field_138 1000+10/s
* field_139 1000+10/s
0 uuid ${ids[0]}
1 uuid ${ids[1]}
1 power error 3
`;
const hw = (id: string) => ({ hw_id: id, hw_name: 'NVIDIA L4', hw_type: 'gpu' });
// Each test starts an application, and waits for limits to pass.
vi.setConfig({ testTimeout: 90_000 });

const quick = { INFEROMETER_GPU_INTERVAL_MS: '100', INFEROMETER_GPU_TIMEOUT_MS: '1500' };
const start = (fake: FakeNvml, env: Readonly<Record<string, string>> = {}): Promise<App> =>
  startApp({ file: 'gpu.mjs', env: { ...fake.env, ...quick, ...env } });
const read = (app: App): Promise<unknown> =>
  waitFor('readings', async () => totalOf(await app.scrape(), 'hw_gpu_utilization_ratio'));

describeWithParts('an app beside GPUs', ['cc', 'prometheus', 'promtool', 'otelcol'], () => {
  let stack: AsyncDisposableStack;
  let fake: FakeNvml;
  let collector: Collector;
  let prometheus: Prometheus;
  let app: App;

  beforeAll(async () => {
    stack = new AsyncDisposableStack();
    fake = stack.use(await startFakeNvml(script));
    collector = stack.use(await startCollector());
    app = stack.use(
      await start(fake, {
        OTEL_METRICS_EXPORTER: 'prometheus,otlp',
        OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: `${collector.url}/v1/metrics`,
        OTEL_METRIC_EXPORT_INTERVAL: '500',
      }),
    );
    prometheus = stack.use(await startPrometheus({ scrape: [{ job: 'app', targets: [app.metricsUrl] }] }));
    await read(app);
  });
  afterAll(() => stack?.disposeAsync());

  test('every reading is in a scrape, under the names of the conventions', async () => {
    const text = await app.scrape();
    const value = (name: string, labels: Readonly<Record<string, string>>): number | undefined => {
      const found = samplesOf(text, name, labels);
      expect(found.length, `${name} ${JSON.stringify(labels)}`).toBeLessThanOrEqual(1);
      return found[0]?.value;
    };
    const [first, second] = [hw(ids[0]), hw(ids[1])];
    expect(value('hw_gpu_utilization_ratio', { ...first, hw_gpu_task: 'general' })).toBe(0.6);
    expect(value('hw_gpu_utilization_ratio', { ...first, hw_gpu_task: 'encoder' })).toBe(0.1);
    expect(value('hw_gpu_utilization_ratio', { ...first, hw_gpu_task: 'decoder' })).toBe(0.2);
    expect(value('hw_gpu_memory_usage_bytes', first)).toBe(250e6);
    expect(value('hw_gpu_memory_limit_bytes', first)).toBe(1e9);
    expect(value('hw_gpu_memory_utilization_ratio', first)).toBe(0.25);
    expect(value('hw_power_watts', first)).toBe(200);
    expect(value('hw_energy_joules_total', first)).toBeGreaterThanOrEqual(5000);
    expect(value('hw_temperature_celsius', { ...first, hw_sensor_location: 'gpu' })).toBe(60);
    expect(value('hw_temperature_celsius', { ...first, hw_sensor_location: 'memory' })).toBe(70);
    expect(value('hw_errors_total', { ...first, error_type: 'ecc_corrected' })).toBe(2);
    expect(value('hw_status', { ...first, hw_state: 'ok' })).toBe(1);
    expect(value('hw_status', { ...first, hw_state: 'failed' })).toBe(0);
    const gpu = ids[0];
    expect(value('inference_gpu_clock_hertz', { gpu, clock: 'sm' })).toBe(1.5e9);
    expect(value('inference_gpu_clock_hertz', { gpu, clock: 'memory' })).toBe(6e9);
    expect(value('inference_gpu_pcie_throughput_bytes_per_second', { gpu, direction: 'receive' })).toBe(
      200e3,
    );
    expect(value('inference_gpu_throttled', { gpu, reason: 'sw_power_cap' })).toBe(1);
    expect(value('inference_gpu_throttled', { gpu, reason: 'hw_slowdown' })).toBeUndefined();
    expect(value('inference_gpu_process_memory_bytes', { gpu, process: 'main' })).toBe(200e6);
    expect(value('inference_gpu_process_utilization_ratio', { gpu, process: 'main' })).toBe(0.5);
    expect(value('inference_gpu_nvlink_bytes_total', { gpu, direction: 'transmit' })).toBeGreaterThanOrEqual(
      1_024_000,
    );
    expect(value('inference_gpu_info', { gpu: ids[1], inference_device: 'cuda:1', name: 'NVIDIA L4' })).toBe(
      1,
    );
    expect(value('inference_gpu_utilization_ratio_count', { gpu })).toBeGreaterThan(0);
    expect(value('inference_gpu_memory_utilization_ratio_bucket', { gpu, le: '0.2' })).toBe(0);
    // The second one cannot tell its power.
    expect(value('hw_power_watts', second)).toBeUndefined();
    expect(value('hw_temperature_celsius', { ...second, hw_sensor_location: 'gpu' })).toBe(60);
  });

  test('promtool has nothing to say, and OpenMetrics has units', async () => {
    const text = await (await fetch(`${app.metricsUrl}/metrics`)).text();
    const { code, stdout, stderr } = await promtool(['check', 'metrics'], text);
    expect({ code, out: stdout + stderr }).toEqual({ code: 0, out: '' });
    const { units, types, helps } = await app.scrape(accepts.openmetrics);
    expect(units.get('hw_energy_joules')).toBe('joules');
    expect(units.get('hw_temperature_celsius')).toBe('celsius');
    expect(units.get('hw_gpu_memory_usage_bytes')).toBe('bytes');
    expect(types.get('hw_energy_joules')).toBe('counter');
    expect(helps.get('inference_energy_joules')).toContain('estimate');
  });

  test('Prometheus takes them by protobuf, histograms classic and native', async () => {
    await prometheus.waitForQuery(
      `histogram_count(inference_gpu_utilization_ratio{gpu="${ids[0]}"})`,
      ([one]) => (one?.value ?? 0) > 5,
    );
    const value = async (query: string): Promise<number | undefined> =>
      (await prometheus.query(query))[0]?.value;
    expect(await value(`hw_gpu_memory_utilization_ratio{hw_id="${ids[1]}"}`)).toBe(0.25);
    const native = await value('histogram_quantile(0.5, sum(inference_gpu_utilization_ratio))');
    expect(native).toBeCloseTo(0.6, 1);
    const classic = await value(
      'histogram_quantile(0.5, sum by (le) (inference_gpu_utilization_ratio_bucket))',
    );
    expect(classic).toBeGreaterThan(0.5);
    expect(classic).toBeLessThanOrEqual(0.6);
    await prometheus.waitForQuery(
      `rate(hw_energy_joules_total{hw_id="${ids[0]}"}[10s])`,
      ([one]) => Math.abs((one?.value ?? 0) - 200) < 100,
    );
  });

  test('a push has them under the instruments’ own names, units and attributes', async () => {
    const points = await collector.waitForMetrics((all) => all.some(({ name }) => name === 'hw.energy'));
    const of = (name: string) =>
      points.findLast((one) => one.name === name && one.attributes['hw.id'] === ids[0]);
    expect(of('hw.gpu.utilization')).toMatchObject({ unit: '1', type: 'gauge' });
    expect(of('hw.gpu.memory.usage')).toMatchObject({
      unit: 'By',
      type: 'sum',
      value: 250e6,
      attributes: { 'hw.id': ids[0], 'hw.name': 'NVIDIA L4', 'hw.type': 'gpu' },
    });
    expect(of('hw.energy')).toMatchObject({ unit: 'J', type: 'sum' });
    expect(of('hw.temperature')?.attributes['hw.sensor_location']).toBeDefined();
    expect(of('hw.errors')).toMatchObject({
      unit: '{error}',
      attributes: { 'error.type': expect.any(String) },
    });
    expect(of('hw.status')?.attributes['hw.state']).toBeDefined();
    // Since the machine was started at the earliest: what a device has counted was before this process.
    const startMs = Number(of('hw.energy')?.raw.startTimeUnixNano) / 1e6;
    expect(startMs).toBeGreaterThan(0);
    expect(startMs).toBeLessThan(Date.now());
  });

  test('energy goes to who used the device, and joins to it', async () => {
    const used = async (tenant: string): Promise<number> =>
      (
        await prometheus.query(
          `sum(inference_energy_joules_total{model="m",tenant="${tenant}",inference_device="cuda:0"})`,
        )
      )[0]?.value ?? 0;
    await waitFor('energy of both tenants', async () => {
      await Promise.all([
        app.post('/run?tenant=a&ms=5'),
        app.post('/run?tenant=b&ms=15'),
        app.post('/run?device=cpu&tenant=c&ms=5'),
      ]);
      return (await used('a')) > 0 && (await used('b')) > 0;
    });
    expect(await used('c')).toBe(0);
    const [both] = await prometheus.query('sum(inference_energy_joules_total)');
    const [device] = await prometheus.query(`hw_energy_joules_total{hw_id="${ids[0]}"}`);
    expect(both?.value).toBeLessThan((device?.value ?? 0) - 5000 + 100);
    const joined = await prometheus.query(
      'sum by (gpu) (inference_energy_joules_total * on (instance, inference_device) group_left (gpu) inference_gpu_info)',
    );
    expect(joined.map(({ metric }) => metric.gpu)).toEqual([ids[0]]);
  });

  test('the service itself never loads the driver’s library', async () => {
    const maps = (pid: number): string => readFileSync(`/proc/${pid}/maps`, 'utf8');
    const { pid } = app.process;
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
    // Started by the worker's thread, whose children they are.
    const tasks = readers(pid);
    expect(children).not.toContain(String(tasks[0]));
    expect(tasks).toHaveLength(1);
    expect(maps(pid)).not.toMatch(/libnvidia-ml|koffi/);
    expect(maps(tasks[0] as number)).toContain('libnvidia-ml.so.1');
  });
});

/** The processes that a process' threads have started. */
function readers(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8')
      .trim()
      .split(' ')
      .filter(Boolean)
      .map(Number),
  );
}

describeWithParts('a driver in trouble', ['cc'], () => {
  test('that hangs costs readings: scrapes, liveness and the end of the process go on', async () => {
    await using fake = await startFakeNvml(script);
    await using app = await start(fake);
    await read(app);
    await fake.say(`${script}0 temperature hang\n`);
    const failed = await waitFor('the hang to be told', async () => {
      const text = await app.scrape();
      return totalOf(text, 'inferometer_gpu_poll_failures_total', { reason: 'hang' }) ? text : undefined;
    });
    expect(totalOf(failed, 'hw_status', { hw_id: ids[0], hw_state: 'failed' })).toBe(1);
    // The other one may be read again by now.
    expect(totalOf(failed, 'hw_gpu_utilization_ratio', { hw_id: ids[0] })).toBeUndefined();
    expect(totalOf(failed, 'inference_gpu_utilization_ratio_count')).toBeGreaterThan(0);
    expect((await fetch(`${app.metricsUrl}/livez`)).status).toBe(200);
    await app.process.waitForOutput(/GPUs cannot be read: the driver has not answered/);
    await fake.say(script);
    await read(app);
    await app.process.waitForOutput(/GPUs are read again/);
    await fake.say(`${script}0 temperature hang\n`);
    // SIGTERM is enough, though the reading process is in the driver.
    const { signal, code } = await app.process.stop();
    expect([signal, code]).not.toContain('SIGKILL');
  });

  test('one device that is lost is failed, and its readings end; one that vanishes is gone', async () => {
    await using fake = await startFakeNvml(script);
    await using app = await start(fake);
    await read(app);
    await fake.say(`${script}1 * error 15\n`);
    const lost = await waitFor('the loss', async () => {
      const text = await app.scrape();
      return totalOf(text, 'hw_status', { hw_id: ids[1], hw_state: 'failed' }) ? text : undefined;
    });
    expect(totalOf(lost, 'hw_temperature_celsius', { hw_id: ids[1] })).toBeUndefined();
    expect(totalOf(lost, 'hw_gpu_utilization_ratio', { hw_id: ids[0] })).toBeDefined();
    expect(totalOf(lost, 'inferometer_gpu_poll_failures_total', { reason: 'gpu_is_lost' })).toBeGreaterThan(
      0,
    );
    await app.process.waitForOutput(new RegExp(`GPU ${ids[1]} .* does not answer`));
    await fake.say(script.replace('devices 2', 'devices 1').concat('1 * error 15\n'));
    await waitFor(
      'the series to end',
      async () => totalOf(await app.scrape(), 'hw_status', { hw_id: ids[1] }) === undefined,
    );
  });

  test.each([
    ['off', { INFEROMETER_GPU: 'off' }],
    ['without a driver', { INFEROMETER_NVML_LIBRARY: '/nowhere/libnvidia-ml.so.1' }],
    ['without a device that this process may use', { CUDA_VISIBLE_DEVICES: '' }],
  ])('%s there is no metric and, at most, one line for debugging', async (name, env) => {
    await using fake = await startFakeNvml(script);
    await using app = await start(fake, { OTEL_LOG_LEVEL: 'debug', ...env });
    if (name !== 'off') await app.process.waitForOutput(/no GPU is read: /);
    const text = await app.scrape();
    expect([...text.types.keys()].filter((one) => /^hw_|gpu|energy/.test(one))).toEqual([]);
    expect(app.process.output().match(/GPU/g)?.length ?? 0).toBeLessThanOrEqual(1);
  });

  test('all devices are told of if asked to, with what CUDA calls those that it shows', async () => {
    await using fake = await startFakeNvml(script);
    await using app = await start(fake, { CUDA_VISIBLE_DEVICES: 'GPU-bbbb', INFEROMETER_GPU_SCOPE: 'all' });
    await read(app);
    const infos = samplesOf(await app.scrape(), 'inference_gpu_info');
    expect(infos.map(({ labels }) => [labels.gpu, labels.inference_device])).toEqual([
      [ids[0], 'none'],
      [ids[1], 'cuda:0'],
    ]);
  });
});
