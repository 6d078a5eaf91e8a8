/** When a batch leaves the queue, who is in it, and why: pure, all times given. */

import { partition } from './partition.ts';
import { costOf, type RunCost } from './run-cost.ts';
import { runShape } from './run-shape.ts';

export interface BatchLimits {
  /**
   * Whether items of a batch are padded to the longest one; else their tokens just add up, as the rows of tensors do.
   * @default true
   */
  readonly isPadded?: boolean;
  /** Items in one model run; where nothing is padded, tokens of them; a single item may have more. */
  readonly maxBatchSize: number;
  /** Tokens in one model run, padding included; a single item may have more. */
  readonly maxBatchTokens: number;
  /**
   * Longest wait of the oldest item for a fuller batch while an executor is free, ms; Infinity for as long as the
   * model's run cost makes it worthwhile.
   */
  readonly maxWaitMs: number;
  /** Sizes at which a batch leaves without waiting for more, and to which larger ones are cut, ascending. */
  readonly preferredBatchSizes?: readonly number[] | undefined;
  /** Time from an item's arrival to its answer that is aimed at, ms. */
  readonly targetLatencyMs?: number | undefined;
}

/**
 * What a batch left for: it was full (`full`), its tokens were (`tokens`), it has a preferred size (`preferred`),
 * nothing else ran (`idle`), its executor's share of all work was there (`share`), its oldest item had waited or more
 * waiting would have cost more than it saves (`waited`), its oldest item's deadline or latency target asked for it
 * (`deadline`), it was run apart after a crash (`alone`), or the end came (`drain`).
 */
export type DispatchReason =
  | 'full'
  | 'tokens'
  | 'preferred'
  | 'idle'
  | 'share'
  | 'waited'
  | 'deadline'
  | 'alone'
  | 'drain';

export interface Candidate {
  /** Tokens of the item, >= 1. */
  readonly tokens: number;
  /** When it came, ms on any one clock. */
  readonly enqueued: number;
  /** When its answer is worth nothing any more, on the same clock. @default never */
  readonly deadline?: number;
  /** Items of different groups never share a batch. */
  readonly group?: string | undefined;
  /** It shares its batch with nobody. */
  readonly alone?: boolean | undefined;
}

export interface QueueState {
  readonly now: number;
  /** Batches of this model that run now. */
  readonly running: number;
  /** Items in them. @default 0 */
  readonly inFlight?: number;
  /** Items that wait, beyond those given. @default those given */
  readonly waiting?: number;
  /** Batches that can run at a time. @default 1 */
  readonly executors?: number;
  /** When the last item came, on the same clock. @default long ago */
  readonly lastArrival?: number;
  /** Since when an executor has been free, on the same clock. @default long ago */
  readonly freeSince?: number | undefined;
  /** No more will come: whatever waits leaves. */
  readonly draining: boolean;
  readonly cost: RunCost;
}

export type Decision =
  | { readonly leave: true; readonly take: readonly number[]; readonly reason: DispatchReason }
  /** Nothing leaves now; look again in `waitMs` at the latest. */
  | { readonly leave: false; readonly waitMs: number };

/** So many are looked at for a batch: more make it no better, and take longer than the run that they save. */
export const candidateWindow = 192;
/** An answer takes longer than the run: what is kept in hand of a deadline or target. */
const safety = 1.1;

/**
 * Decides for a free executor. The first item always leaves first; with it leave those that share its run in the
 * parting of all that waits into the runs that take the least time together (`partition`), by what the model's runs
 * were seen to cost. So padding is taken on where it costs less than another run, and nothing is passed over for ever.
 * @param queue in the order in which they shall leave, shape [n], n >= 1; the first `candidateWindow` are looked at
 */
export function decideBatch(queue: readonly Candidate[], limits: BatchLimits, state: QueueState): Decision {
  const first = queue[0] as Candidate;
  if (first.alone) return { leave: true, take: [0], reason: 'alone' };
  const { take, maxRows, size, cutByTokens } =
    limits.isPadded === false ? fill(queue, limits) : choose(queue, limits, state);
  const leave = (reason: DispatchReason): Decision => ({ leave: true, take, reason });
  if (size >= limits.maxBatchSize) return leave('full');
  if (limits.preferredBatchSizes?.includes(take.length)) return leave('preferred');
  if (cutByTokens) return leave('tokens');
  if (state.draining) return leave('drain');
  // With nothing running there is no load that more waiting could batch.
  if (state.running === 0) return leave('idle');
  // The others' share runs or is theirs to take: nothing more is to be expected here.
  if ((state.waiting ?? queue.length) >= maxRows) return leave('share');

  const { rows, width } = runShape(
    take.map((index) => queue[index] as Candidate),
    limits.isPadded,
  );
  const runMs = costOf(state.cost, rows, width) * safety;
  const { now } = state;
  const dueIn = Math.min(
    (first.deadline ?? Number.POSITIVE_INFINITY) - runMs - now,
    first.enqueued + (limits.targetLatencyMs ?? Number.POSITIVE_INFINITY) - runMs - now,
  );
  if (dueIn <= 0) return leave('deadline');
  const waitMs = Math.min(dueIn, waitLeft(queue, runMs, limits, state));
  return waitMs <= 0 ? leave('waited') : { leave: false, waitMs };
}

/**
 * How long more the batch may wait, ms; 0 or less for no longer.
 *
 * Without a set `maxWaitMs`: an executor that has been free for w ms with n items would, with one more after a gap of g,
 * get more done in all if (n + 1) / (fixed + work(n + 1) + w + g) > n / (fixed + work(n) + w), which is g < (fixed + w) / n.
 * The gap to be expected is the mean of those between the items that wait; once nothing has come for twice as long, and a
 * part of the fixed cost, nothing is waited for. Nor is it when the wait has become as long as the run.
 */
function waitLeft(
  queue: readonly Candidate[],
  runMs: number,
  limits: BatchLimits,
  state: QueueState,
): number {
  const first = queue[0] as Candidate;
  const { now, cost, waiting = queue.length, lastArrival = Number.NEGATIVE_INFINITY } = state;
  if (limits.maxWaitMs !== Number.POSITIVE_INFINITY) return limits.maxWaitMs - (now - first.enqueued);
  const waited = now - Math.max(state.freeSince ?? Number.NEGATIVE_INFINITY, first.enqueued);
  const gap = waiting > 1 ? Math.max(0, lastArrival - first.enqueued) / (waiting - 1) : 0;
  if (gap >= (cost.fixed + waited) / waiting) return 0;
  return Math.min(runMs - waited, 2 * gap + quietShare * cost.fixed - (now - lastArrival));
}

/** Share of a run's fixed cost that an item waits for another one without any sign of it. */
const quietShare = 0.25;

interface Choice {
  readonly take: readonly number[];
  /** Items, or tokens where nothing is padded. */
  readonly size: number;
  readonly maxRows: number;
  /** One more row would have been over the token budget. */
  readonly cutByTokens: boolean;
}

function choose(queue: readonly Candidate[], limits: BatchLimits, state: QueueState): Choice {
  const { group } = queue[0] as Candidate;
  const maxRows = Math.min(limits.maxBatchSize, shareOf(queue, limits, state));
  const order: number[] = [];
  for (let i = 0; i < queue.length && order.length < candidateWindow; i++) {
    const candidate = queue[i] as Candidate;
    if (candidate.group === group && !candidate.alone) order.push(i);
  }
  const tokensOf = (index: number): number => (queue[index] as Candidate).tokens;
  order.sort((a, b) => tokensOf(a) - tokensOf(b) || a - b);
  const starts = partition(order.map(tokensOf), state.cost, { maxRows, maxTokens: limits.maxBatchTokens });
  const place = order.indexOf(0);
  let run = starts.length - 1;
  while ((starts[run] as number) > place) run--;
  const rows = order.slice(starts[run], starts[run + 1]).sort((a, b) => a - b);
  const take = rows.slice(0, fittingSize(rows.length, limits.preferredBatchSizes));
  const width = tokensOf(order[(starts[run + 1] ?? order.length) - 1] as number);
  const cutByTokens =
    take.length < order.length && take.length < maxRows && width * (take.length + 1) > limits.maxBatchTokens;
  return { take, size: take.length, maxRows, cutByTokens };
}

/** Without padding: the first item and those behind it of its group, in their order, as far as they fit. */
function fill(queue: readonly Candidate[], limits: BatchLimits): Choice {
  const first = queue[0] as Candidate;
  const take = [0];
  let size = first.tokens;
  // Nobody may join one without a group: waiting would gain nothing.
  if (first.group === undefined) size = Math.max(size, limits.maxBatchSize);
  for (let i = 1; i < queue.length && size < limits.maxBatchSize; i++) {
    const { group, tokens, alone } = queue[i] as Candidate;
    if (group !== first.group || alone) continue;
    // What comes later must not keep this one from its turn.
    if (size + tokens > limits.maxBatchSize) {
      size = limits.maxBatchSize;
      break;
    }
    take.push(i);
    size += tokens;
  }
  return { take, size, maxRows: Number.POSITIVE_INFINITY, cutByTokens: false };
}

/**
 * Rows that one executor takes of all there are, so that the others have as much to do; all of them where parting them
 * would save less time than the runs that it adds cost.
 */
function shareOf(queue: readonly Candidate[], limits: BatchLimits, state: QueueState): number {
  const waiting = state.waiting ?? queue.length;
  const total = waiting + (state.inFlight ?? 0);
  const share = Math.max(1, Math.ceil(total / (state.executors ?? 1)));
  const spared = Math.min(waiting, limits.maxBatchSize) - share;
  const { tokens } = queue[0] as Candidate;
  const { fixed, perToken, perPair } = state.cost;
  return spared * tokens * (perToken + perPair * tokens) > fixed ? share : Math.max(share, waiting);
}

/** The largest preferred size that can be filled, if there is one. */
function fittingSize(rows: number, preferred: readonly number[] = []): number {
  return preferred.filter((size) => size <= rows).at(-1) ?? rows;
}
