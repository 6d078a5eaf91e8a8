/**
 * Numbers that the main thread and the telemetry worker tell each other without messages, so that either can be read
 * while the other is stuck.
 */
export interface Control {
  readonly buffer: SharedArrayBuffer;
  get(name: ControlName): number;
  set(name: ControlName, value: number): void;
  add(name: ControlName, by: number): void;
  /** Blocks this thread until a value of `name` other than `seen` is set, or the time is over. */
  waitFor(name: ControlName, seen: number, timeoutMs: number): void;
}

/** Each has one writer. */
const names = [
  /** Main: its last heartbeat, monotonic ms. */
  'heartbeatMs',
  /** Main: 1 while a heartbeat is to be expected. */
  'beating',
  /** Main: traces that found the ring full. */
  'ringFull',
  /** Main: spans in them. */
  'ringFullSpans',
  /** Main: CPU that telemetry took on the main thread, s, estimated. */
  'mainCostSeconds',
  /** Worker: 1 while exports fail. */
  'exportFailing',
  /** Worker: spans that the Collector took. */
  'exportedSpans',
  /** Main: number of the flush that is asked for. */
  'flushAsked',
  /** Worker: number of the last flush that is done. */
  'flushDone',
] as const;

export type ControlName = (typeof names)[number];

export function createControl(): Control {
  return openControl(new SharedArrayBuffer(names.length * 8 + names.length * 4));
}

export function openControl(buffer: SharedArrayBuffer): Control {
  const values = new Float64Array(buffer, 0, names.length);
  // Atomics know integers only: a change of a number that somebody may wait for counts up a word beside it.
  const changes = new Int32Array(buffer, names.length * 8, names.length);
  const index = Object.fromEntries(names.map((name, at) => [name, at])) as Record<ControlName, number>;
  const set = (name: ControlName, value: number): void => {
    const at = index[name];
    values[at] = value;
    Atomics.add(changes, at, 1);
    if (name === 'flushDone') Atomics.notify(changes, at);
  };
  return {
    buffer,
    get: (name) => values[index[name]] as number,
    set,
    add: (name, by) => set(name, (values[index[name]] as number) + by),
    waitFor(name, seen, timeoutMs) {
      const at = index[name];
      const until = performance.now() + timeoutMs;
      for (;;) {
        const change = Atomics.load(changes, at);
        if ((values[at] as number) !== seen) return;
        const left = until - performance.now();
        if (left <= 0) return;
        Atomics.wait(changes, at, change, left);
      }
    },
  };
}
