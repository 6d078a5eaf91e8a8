import { readFileSync } from 'node:fs';
import { engines } from './engines.ts';

/** What dashboards show, and the series that they show it by. */
const signals: readonly (readonly [what: string, family: string, labels?: RegExp])[] = [
  ['time of a request', 'inference_request_duration_seconds'],
  ['… of those that failed, as a count', 'inference_request_duration_seconds', /status="[45]/],
  ['preprocessing', 'inference_phase_duration_seconds', /phase="preprocess"/],
  ['queue', 'inference_phase_duration_seconds', /phase="queue"/],
  ['model run', 'inference_phase_duration_seconds', /phase="run"/],
  ['postprocessing', 'inference_phase_duration_seconds', /phase="postprocess"/],
  ['time to first token', 'gen_ai_server_time_to_first_token_seconds'],
  ['time per output token', 'gen_ai_server_time_per_output_token_seconds'],
  ['tokens in', 'inference_tokens_total', /type="input"/],
  ['tokens out', 'inference_tokens_total', /type="output"/],
  ['requests in flight', 'inference_requests_in_flight'],
  ['queue depth', 'inference_queue_depth'],
  ['queue depth at arrival', 'inference_queue_depth_at_arrival'],
  ['rejects', 'inference_requests_rejected_total'],
  ['batch size', 'inference_batch_size'],
  ['tokens of a batch', 'inference_batch_tokens'],
  ['KV cache', 'inference_kv_cache_utilization_ratio'],
  ['cache hits', 'inference_cache_requests_total'],
  ['replicas', 'inference_executors'],
  ['GPU', 'hw_gpu_utilization_ratio'],
];

/** The table of what engines tell, in Markdown, as their expected series have it. */
export function engineTable(): string {
  const lines = engines.map(({ expected }) => readFileSync(expected, 'utf8').split('\n'));
  const rows = signals.map(([what, family, labels]) => [
    what,
    ...lines.map((series) => cellOf(series, family, labels)),
  ]);
  const head = ['', ...engines.map(({ name }) => name)];
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function cellOf(lines: readonly string[], family: string, labels = /^/): string {
  const has = (name: string) => lines.some((line) => line.startsWith(`${name}{`) && labels.test(line));
  if (has(`${family}_bucket`) || has(family)) return 'yes';
  if (has(`${family}_sum`)) return 'mean';
  return has(`${family}_count`) ? 'count' : '–';
}
