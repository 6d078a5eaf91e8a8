import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { InferenceSession } from 'onnxruntime-node';
import { kernelsByProvider, type NodeEvent } from './providers.ts';

/** What onnxruntime measured of a session's creation, ms; 0 where it has not. */
export interface CreationTimes {
  /** Reading and parsing the graph. */
  readonly readMs: number;
  /** Optimising it, allocating, packing weights. */
  readonly initMs: number;
  /** Kernels that have run until the profile's end, by the provider that ran them. */
  readonly kernels: ReadonlyMap<string, number>;
}

/** onnxruntime's profiler, on for as long as a session is created: 2 ms, and no cost once it has ended. */
export interface CreationProfile {
  /** To create the session with. */
  readonly options: Pick<InferenceSession.SessionOptions, 'enableProfiling' | 'profileFilePrefix'>;
  /** Ends it. */
  end(session: InferenceSession): CreationTimes;
  /** Where no session came of it. */
  discard(): void;
}

interface ProfileEvent extends NodeEvent {
  /** µs */
  readonly dur: number;
}

/** @returns undefined where the profile can be written nowhere: then nothing is measured */
export function startProfile(): CreationProfile | undefined {
  const dir = makeDir();
  if (dir === undefined) return undefined;
  const discard = (): void => rmSync(dir, { recursive: true, force: true });
  return {
    options: { enableProfiling: true, profileFilePrefix: join(dir, 'profile') },
    discard,
    end(session) {
      try {
        session.endProfiling();
        return timesOf(dir);
      } catch {
        // A figure less, and a session all the same.
        return { readMs: 0, initMs: 0, kernels: new Map() };
      } finally {
        discard();
      }
    },
  };
}

function timesOf(dir: string): CreationTimes {
  const [file = ''] = readdirSync(dir);
  const events = JSON.parse(readFileSync(join(dir, file), 'utf8')) as ProfileEvent[];
  const ms = (prefix: string): number =>
    (events.find(({ name }) => name.startsWith(prefix))?.dur ?? 0) / 1000;
  return {
    readMs: ms('model_loading'),
    initMs: ms('session_initialization'),
    kernels: kernelsByProvider(events),
  };
}

/** Memory rather than disk, where the system has such a place. */
function makeDir(): string | undefined {
  for (const place of ['/dev/shm', tmpdir()]) {
    try {
      return mkdtempSync(join(place, 'inferometer-load-'));
    } catch {
      // Not there or read-only: the next place.
    }
  }
  return undefined;
}
