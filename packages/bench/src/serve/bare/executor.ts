import { answer } from '../../overhead/channel.ts';
import { type BareSession, meanPooled, openBareSession } from './session.ts';
import { type BareTokenizer, loadBareTokenizer } from './tokenizer.ts';

/**
 * One process of bare onnxruntime: what a model can do on this machine with nothing around it. It is told what to do over
 * the process channel.
 */

export interface BareLoad {
  readonly graph: string;
  /** Of the tokenizer. */
  readonly directory: string;
  readonly threads: number;
  readonly spinning: boolean;
}

export interface BareRun {
  /** Token ids, shape [batches][rows][tokens]. */
  readonly batches: readonly (readonly (readonly number[])[])[];
  /** Least time of the measured passes, s. */
  readonly seconds: number;
}

export interface BareLatency {
  readonly texts: readonly string[];
}

let session: BareSession;
let tokenizer: BareTokenizer;
let running: Promise<void> | undefined;
let stopped = false;

async function load(options: BareLoad): Promise<void> {
  tokenizer = loadBareTokenizer(options.directory);
  session = await openBareSession(options.graph, options.threads, options.spinning);
}

/**
 * Runs all batches again and again. Whole passes are measured, so that no shape does more of the short texts; it goes on
 * until it is stopped, so that an executor that is done does not leave its core to the others.
 * @returns sequences a second
 */
async function run({ batches, seconds }: BareRun): Promise<number> {
  const prepared = batches.map((batch) => ({ feeds: session.feeds(batch), rows: batch.length }));
  stopped = false;
  // The first run of a shape allocates.
  for (const { feeds } of prepared.slice(0, 2)) await session.run(feeds);
  const start = performance.now();
  let sequences = 0;
  let elapsed = 0;
  do {
    for (const { feeds, rows } of prepared) {
      await session.run(feeds);
      sequences += rows;
    }
    elapsed = (performance.now() - start) / 1000;
  } while (elapsed < seconds);
  running = (async () => {
    for (let i = 0; !stopped; i = (i + 1) % prepared.length) await session.run(prepared[i]?.feeds ?? {});
  })();
  return sequences / elapsed;
}

async function stop(): Promise<void> {
  stopped = true;
  await running;
}

/** @returns ms of each text: split into tokens, run, pooled */
async function latencies({ texts }: BareLatency): Promise<number[]> {
  const out: number[] = [];
  for (const text of texts) {
    const start = performance.now();
    await embed(text);
    out.push(performance.now() - start);
  }
  return out;
}

async function embed(text: string): Promise<Float32Array> {
  return meanPooled(await session.run(session.feeds([tokenizer.encode(text)])));
}

answer({
  load: (options) => load(options as BareLoad),
  run: (options) => run(options as BareRun),
  stop,
  latencies: (options) => latencies(options as BareLatency),
  embed: (texts) => Promise.all((texts as readonly string[]).map(embed)),
  rss: () => process.memoryUsage.rss(),
});
// Between two questions nothing else keeps it alive.
process.channel?.ref();
process.stdout.write('ready\n');
