import { median } from '../overhead/median.ts';
import type { Sink } from '../overhead/start-sink.ts';
import type { Bench } from './bench.ts';
import { startObserved } from './servers/observed.ts';

/** Our server from the start of its process; names as `--json` prints them. Medians. */
export interface ColdStart {
  readonly starts: number;
  /** Until `/readyz` answers 200. */
  readonly ready_ms: number;
  /** Until the first text is answered. */
  readonly first_answer_ms: number;
}

/** Starts it again and again; the first start, which reads the files from the disk, is left out. */
export async function measureColdStart(
  bench: Bench,
  sink: Sink,
  starts: number,
  serveArgs: readonly string[],
): Promise<ColdStart> {
  const ready: number[] = [];
  const answered: number[] = [];
  for (let i = 0; i <= starts; i++) {
    bench.say(`cold start ${i} of ${starts}`);
    const began = performance.now();
    await using server = await startObserved(sink, `minilm=${bench.directory}`, serveArgs);
    const { host, port, form } = server.target;
    const response = await fetch(`http://${host}:${port}${form.path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: form.body,
    });
    if (!response.ok) throw new Error(`the first answer has status ${response.status}`);
    await response.arrayBuffer();
    if (i === 0) continue;
    ready.push(server.readyMs);
    answered.push(performance.now() - began);
  }
  return { starts, ready_ms: median(ready), first_answer_ms: median(answered) };
}
