import { createRunningQuantile, type RunningQuantile } from './running-quantile.ts';

/** Why a trace is exported; the first three are those that tail sampling behind us must keep as well. */
export type KeepReason = 'error' | 'slow' | 'exemplar' | 'ratio';

/** What became of a trace that head sampling let through: why it is kept, or why not. */
export type Decision = KeepReason | 'not_chosen' | 'rate_limited';

/** What is known of a request when it has ended. */
export interface EndedRequest {
  readonly route: string;
  readonly totalUs: number;
  readonly failed: boolean;
  /** Whether a histogram has use for it as an exemplar. */
  wantsExemplar(): boolean;
}

export interface KeepOptions {
  /** Share of ordinary requests, in [0, 1]. */
  readonly ratio: number;
  /** A request that took longer is slow, ms; undefined for the running p99 of its route. */
  readonly slowMs: number | undefined;
  /** Traces a second, of each reason, 0 for no limit. */
  readonly perSecond: number;
  /** Monotonic clock, ms. @default performance.now */
  readonly now?: () => number;
  /** In [0, 1). @default Math.random */
  readonly random?: () => number;
}

export interface KeepPolicy {
  decide(request: EndedRequest): Decision;
}

const maxRoutes = 500;
const slowQuantile = 0.99;

/**
 * Decides which requests are exported once they have ended. Each reason has its own budget: a flood of errors leaves
 * room for slow requests, and neither takes the ordinary ones' place.
 */
export function createKeepPolicy(options: KeepOptions): KeepPolicy {
  const now = options.now ?? (() => performance.now());
  const random = options.random ?? Math.random;
  const { ratio, perSecond } = options;
  const slowUs = options.slowMs === undefined ? undefined : options.slowMs * 1000;
  const routes = new Map<string, RunningQuantile>();
  const budgets: Record<KeepReason, Budget> = {
    error: budget(perSecond, now),
    slow: budget(perSecond, now),
    exemplar: budget(perSecond, now),
    ratio: budget(perSecond, now),
  };

  const isSlow = (route: string, totalUs: number): boolean => {
    if (slowUs !== undefined) return totalUs > slowUs;
    let quantile = routes.get(route);
    if (quantile === undefined) {
      // Paths without a route can be without number: those that come late share one.
      const key = routes.size < maxRoutes ? route : '';
      quantile = routes.get(key) ?? createRunningQuantile(slowQuantile);
      routes.set(key, quantile);
    }
    const limit = quantile.value;
    quantile.add(totalUs);
    return limit !== undefined && totalUs > limit;
  };

  return {
    decide(request) {
      const slow = isSlow(request.route, request.totalUs);
      let limited = false;
      if (request.failed) {
        if (budgets.error()) return 'error';
        limited = true;
      }
      if (slow) {
        if (budgets.slow()) return 'slow';
        limited = true;
      }
      // A failure that has no room must not come in by another door.
      if (limited) return 'rate_limited';
      if (request.wantsExemplar() && budgets.exemplar()) return 'exemplar';
      if (ratio < 1 && random() >= ratio) return 'not_chosen';
      return budgets.ratio() ? 'ratio' : 'rate_limited';
    },
  };
}

/** @returns whether one more is within the limit */
type Budget = () => boolean;

/** A bucket that holds one second's worth. */
function budget(perSecond: number, now: () => number): Budget {
  if (perSecond === 0) return () => true;
  let tokens = perSecond;
  let last = now();
  return () => {
    if (tokens < 1) {
      const at = now();
      tokens = Math.min(perSecond, tokens + ((at - last) / 1000) * perSecond);
      last = at;
      if (tokens < 1) return false;
    }
    tokens--;
    return true;
  };
}
