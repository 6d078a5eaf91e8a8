import { context as contextApi } from '@opentelemetry/api';
import { type MonoMs, monoNow } from './clock.ts';
import { randomSpanId } from './ids.ts';
import { installed } from './installed.ts';
import { noteBatch } from './note-batch.ts';
import { phaseOfEach } from './phase.ts';
import type { LiveTrace } from './trace/live-trace.ts';
import { type BatchRecord, defaultDevice } from './trace/record.ts';
import type { RequestTrace } from './trace/request-trace.ts';

export interface BatchOptions {
  /**
   * Whose items are in the batch, one for each item: what `activeTrace()` gave when the item was queued. A request may
   * have several items, an item none.
   */
  readonly requests: readonly (RequestTrace | undefined)[];
  /** Tokens of each item without padding, >= 0; the run's time is shared out by them. @default equal shares */
  readonly tokens?: readonly number[];
  /** @default the model of the first request */
  readonly model?: string;
  /** Why the batch was run now, of few values. @default `full` */
  readonly reason?: string;
  /** Padding tokens over all tokens of the padded batch, in [0, 1). @default 0 */
  readonly paddingRatio?: number;
  /** Number of the model's executor, integer >= 0. @default 0 */
  readonly executor?: number;
  /** Where it runs, such as `cuda:0`. @default cpu */
  readonly device?: string;
  /** When the batch left the queue. @default now */
  readonly dispatchedAt?: MonoMs;
}

/**
 * Runs a function as the model run of a batch, and returns what it returns: each of its requests is in phase `run`
 * until it has ended, as `phase()` has it, and gets its share of the time, to the nanosecond. A run that fails has cost
 * its time as well.
 *
 * No request's span is active in it unless the batch has only one.
 * @throws {RangeError} if an option is out of range
 */
export function batch<T>(options: BatchOptions, fn: () => T): T {
  const { telemetry } = installed;
  if (telemetry === undefined) return fn();
  const { requests, tokens } = checked(options);
  const owners = requests.map((request) => (isOpen(request) ? request : undefined));
  const distinct = [...new Set(owners)].filter((owner) => owner !== undefined);
  const startedAt = monoNow();
  const total = tokens === undefined ? 0 : tokens.reduce((sum, count) => sum + count, 0);

  const ended = (): void => {
    const runEnd = monoNow();
    const record: BatchRecord = {
      id: randomSpanId(),
      model: options.model ?? distinct[0]?.model ?? 'none',
      executor: options.executor ?? 0,
      reason: options.reason ?? 'full',
      size: requests.length,
      tokens: total,
      ...(tokens === undefined ? {} : { inputTokens: total }),
      device: options.device ?? defaultDevice,
      paddingRatio: options.paddingRatio ?? 0,
      dispatched: options.dispatchedAt ?? startedAt,
      runStart: startedAt,
      runEnd,
    };
    noteBatch(telemetry, record, owners, tokens);
  };
  const places = distinct.map((trace) => ({ trace, entry: trace.innermost }));
  return phaseOfEach('run', places, contextApi.active(), fn, ended);
}

/** Whether a request still takes notes; the one that functions get where telemetry is off does not. */
function isOpen(request: RequestTrace | undefined): request is LiveTrace {
  return request !== undefined && !request.ended;
}

function checked(options: BatchOptions): BatchOptions {
  const { requests, tokens, paddingRatio = 0 } = options;
  if (requests.length === 0) throw new RangeError('requests must have an item at least, got none');
  if (tokens !== undefined && tokens.length !== requests.length) {
    throw new RangeError(`tokens must have ${requests.length} counts, one an item, got ${tokens.length}`);
  }
  const wrong = tokens?.find((count) => !(count >= 0 && Number.isFinite(count)));
  if (wrong !== undefined) throw new RangeError(`tokens must be finite and >= 0, got ${wrong}`);
  if (!(paddingRatio >= 0 && paddingRatio < 1)) {
    throw new RangeError(`paddingRatio must be in [0, 1), got ${paddingRatio}`);
  }
  return options;
}
