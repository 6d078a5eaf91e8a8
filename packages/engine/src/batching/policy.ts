/** When a batch leaves the queue, who is in it, and why: pure, all times given. */

export interface BatchLimits {
  /** Items in one model run. */
  readonly maxBatchSize: number;
  /** Tokens in one model run, padding included; a single item may have more. */
  readonly maxBatchTokens: number;
  /** Longest wait of the oldest item while an executor is free, ms. */
  readonly maxWaitMs: number;
}

/** What a batch left for: it was full, its tokens were, the oldest had waited, nothing else ran, or the end came. */
export type DispatchReason = 'full' | 'tokens' | 'waited' | 'idle' | 'drain';

export interface Candidate {
  /** Tokens of the item, >= 1. */
  readonly tokens: number;
  /** When it came, ms on any one clock. */
  readonly enqueued: number;
}

export interface QueueState {
  readonly now: number;
  /** Batches of this model that run now. */
  readonly running: number;
  /** No more will come: whatever waits leaves. */
  readonly draining: boolean;
}

export type Decision =
  | { readonly leave: true; readonly take: readonly number[]; readonly reason: DispatchReason }
  /** Nothing leaves now; look again in `waitMs` at the latest. */
  | { readonly leave: false; readonly waitMs: number };

/** Items that pad each other by more than this do not share a batch, unless they are few tokens anyway. */
const maxLengthRatio = 2;
/** Up to this many tokens lengths count as alike: the padding costs less than a second run. */
const alikeTokens = 16;

/**
 * Decides for a free executor. The oldest item always leaves first, with those behind it that are of like length,
 * in their order, as far as the limits go: so that nothing is passed over for ever and padding stays small.
 * @param queue oldest first, shape [n], n >= 1
 */
export function decideBatch(queue: readonly Candidate[], limits: BatchLimits, state: QueueState): Decision {
  const oldest = queue[0] as Candidate;
  const take: number[] = [];
  let longest = 0;
  let overBudget = false;
  for (let i = 0; i < queue.length && take.length < limits.maxBatchSize; i++) {
    const { tokens } = queue[i] as Candidate;
    if (i > 0 && !areAlike(tokens, oldest.tokens)) continue;
    const width = Math.max(longest, tokens);
    if (take.length > 0 && width * (take.length + 1) > limits.maxBatchTokens) {
      overBudget = true;
      break;
    }
    longest = width;
    take.push(i);
  }
  const leave = (reason: DispatchReason): Decision => ({ leave: true, take, reason });
  if (take.length >= limits.maxBatchSize) return leave('full');
  if (overBudget) return leave('tokens');
  if (state.draining) return leave('drain');
  // With nothing running there is no load that more waiting could batch.
  if (state.running === 0) return leave('idle');
  const waited = state.now - oldest.enqueued;
  return waited >= limits.maxWaitMs ? leave('waited') : { leave: false, waitMs: limits.maxWaitMs - waited };
}

function areAlike(a: number, b: number): boolean {
  return Math.max(a, b) <= Math.max(alikeTokens, maxLengthRatio * Math.min(a, b));
}
