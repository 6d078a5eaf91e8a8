import { randomUUID } from 'node:crypto';
import { RequestProblem } from '../problem.ts';

/** What a server remembers of one client between its requests. */
export interface Session<State> {
  /** Not to be guessed: whoever knows it has the session. Also `session_hash` of traces. */
  readonly id: string;
  state: State;
}

export interface SessionStoreOptions {
  /** Sessions that are kept, integer >= 1; one more ends the one that was used longest ago. @default 10000 */
  readonly maxSessions?: number;
  /** How long a session is kept after its last use, ms, > 0. @default 1800000 */
  readonly maxIdleMs?: number;
  /** Monotonic clock, ms. @default performance.now */
  readonly now?: () => number;
}

/** Sessions in memory, bounded by their number and by the time since their last use. */
export interface SessionStore<State> {
  /** Sessions that are kept. */
  readonly size: number;
  open(state: State): Session<State>;
  /**
   * The session of that id, used now.
   * @param field of the request that named it
   * @throws {RequestProblem} 404 if there is none, or it is over
   */
  find(id: string, field: string): Session<State>;
  /** Ends a session. @returns whether there was one */
  end(id: string): boolean;
}

interface Kept<State> {
  readonly session: Session<State>;
  usedAt: number;
}

/** @throws {RangeError} for an option out of range */
export function createSessionStore<State>(options: SessionStoreOptions = {}): SessionStore<State> {
  const { maxSessions = 10_000, maxIdleMs = 1_800_000, now = () => performance.now() } = options;
  if (!Number.isInteger(maxSessions) || maxSessions < 1)
    throw new RangeError(`maxSessions must be an integer >= 1, got ${maxSessions}`);
  if (!(maxIdleMs > 0)) throw new RangeError(`maxIdleMs must be a number > 0, got ${maxIdleMs}`);
  /** In the order of their last use: what is over, and what has to make room, stands in front. */
  const kept = new Map<string, Kept<State>>();

  const dropIdle = (): void => {
    const oldest = now() - maxIdleMs;
    for (const [id, { usedAt }] of kept) {
      if (usedAt > oldest) return;
      kept.delete(id);
    }
  };

  return {
    get size() {
      dropIdle();
      return kept.size;
    },
    open(state) {
      dropIdle();
      const session: Session<State> = { id: randomUUID(), state };
      kept.set(session.id, { session, usedAt: now() });
      if (kept.size > maxSessions) kept.delete(kept.keys().next().value as string);
      return session;
    },
    find(id, field) {
      dropIdle();
      const found = kept.get(id);
      if (!found) {
        const message = `session "${id.slice(0, 64)}" does not exist, or is over: leave the field out to begin one`;
        throw new RequestProblem(404, 'session_not_found', message, field);
      }
      found.usedAt = now();
      kept.delete(id);
      kept.set(id, found);
      return found.session;
    },
    end(id) {
      dropIdle();
      return kept.delete(id);
    },
  };
}
