import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { findMiniLm } from '../find-mini-lm.ts';
import { load } from '../load.ts';
import { median } from './median.ts';
import type { RowSetting } from './rows.ts';
import { type Child, startChild } from './start-child.ts';
import type { Sink } from './start-sink.ts';

/** The service with telemetry on and off, on a handler that runs a model. */
export interface ModelComparison {
  /** `all-MiniLM-L6-v2`, or the encoder that the service brings along where that is not on this machine. */
  readonly name: string;
  readonly ours_rps: number;
  readonly disabled_rps: number;
  /** Median of the ratios of turns that follow each other. */
  readonly throughput_ratio: number;
  readonly ours_p99_ms: number;
  readonly disabled_p99_ms: number;
  readonly spans_per_request: number;
  readonly roots_per_request: number;
}

export interface ModelEffort {
  /** Pairs of turns, one with telemetry and one without. */
  readonly pairs: number;
  /** A turn, s. */
  readonly seconds: number;
  readonly connections: number;
}

const sentence = 'I slept badly and everything feels a little too loud today';
const sender = 'model';

/**
 * Compares throughput of `inferometer serve` with every trace exported and with INFEROMETER_ENABLED=false. Both run the
 * whole time and take turns, AB BA AB …, so that drift of the machine cancels.
 */
export async function compareModel(
  sink: Sink,
  protocol: RowSetting['protocol'],
  effort: ModelEffort,
): Promise<ModelComparison> {
  const found = findMiniLm();
  const args = found === undefined ? [] : ['--model', `minilm=${found}`];
  const on = {
    OTEL_EXPORTER_OTLP_ENDPOINT: sink.endpoint(sender),
    OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
    OTEL_TRACES_EXPORTER: 'otlp',
    INFEROMETER_TRACES_RATIO: '1',
    INFEROMETER_TRACES_PER_SECOND: '0',
  };
  await using ours = await startService(args, on);
  await using disabled = await startService(args, { INFEROMETER_ENABLED: 'false' });
  let sent = 0;
  const turn = async (service: Child, seconds: number) => {
    const url = service.match[1] as string;
    const until = { seconds };
    const body = { inputs: sentence };
    const result = await load({ url, path: '/embed', body, connections: effort.connections, until });
    if (service === ours) sent += result.requests;
    return result;
  };
  await turn(ours, effort.seconds);
  await turn(disabled, effort.seconds);
  const pairs = [];
  for (let i = 0; i < effort.pairs; i++) {
    const oursFirst = i % 2 === 0;
    const first = await turn(oursFirst ? ours : disabled, effort.seconds);
    const second = await turn(oursFirst ? disabled : ours, effort.seconds);
    pairs.push(oursFirst ? { ours: first, disabled: second } : { ours: second, disabled: first });
  }
  const delivered = await sink.drained(sender, sent);
  return {
    name: found === undefined ? 'bundled encoder' : 'all-MiniLM-L6-v2',
    ours_rps: median(pairs.map((pair) => pair.ours.requestsPerSecond)),
    disabled_rps: median(pairs.map((pair) => pair.disabled.requestsPerSecond)),
    throughput_ratio: median(
      pairs.map((pair) => pair.ours.requestsPerSecond / pair.disabled.requestsPerSecond),
    ),
    ours_p99_ms: median(pairs.map((pair) => pair.ours.p99Ms)),
    disabled_p99_ms: median(pairs.map((pair) => pair.disabled.p99Ms)),
    spans_per_request: delivered.spans / sent,
    roots_per_request: delivered.roots / sent,
  };
}

async function startService(args: readonly string[], env: Readonly<Record<string, string>>): Promise<Child> {
  const manifest = createRequire(import.meta.url).resolve('inferometer/package.json');
  return startChild({
    name: 'inferometer serve',
    module: join(dirname(manifest), 'bin/inferometer.js'),
    args: ['serve', '--port', '0', '--metrics-port', 'off', ...args],
    env,
    ready: /page\s+(http:\/\/\S+)\//,
  });
}
