import { availableParallelism, cpus } from 'node:os';
import { findMiniLm } from '../find-mini-lm.ts';
import { type Sink, startSink } from '../overhead/start-sink.ts';
import { type SurveyRow, surveyBare } from './bare/survey.ts';
import { loadBareTokenizer } from './bare/tokenizer.ts';
import { createYardstick } from './bare/yardstick.ts';
import type { Bench } from './bench.ts';
import { measureCells } from './cells.ts';
import { chooseSettings } from './choose-settings.ts';
import { measureColdStart } from './cold-start.ts';
import { compareCell } from './compare-cells.ts';
import { measureEcho } from './echo.ts';
import type { ServeEffort } from './efforts.ts';
import { compareInt8 } from './int8/compare-int8.ts';
import { howToQuantise } from './int8/quantise.ts';
import { compareKinds } from './kinds/compare-kinds.ts';
import { startGenerator } from './load/start-generator.ts';
import { type Mix, mixes, wholeWords } from './mixes.ts';
import { measureOverload } from './overload.ts';
import type { ServeReport } from './report.ts';
import { type ObservedServer, startObserved } from './servers/observed.ts';
import { findRivals } from './servers/rivals.ts';
import { type RunningServer, startServer } from './servers/start-server.ts';

/** Everything that can be named in `--only`. */
export const serveParts = ['bare', 'cells', 'overload', 'int8', 'kinds', 'cold-start', 'echo'] as const;
export type ServePart = (typeof serveParts)[number];

export interface ServeBenchOptions {
  readonly effort: ServeEffort;
  /** @default all */
  readonly parts?: readonly ServePart[];
  /** Of `mixes`. @default all */
  readonly mixNames?: readonly Mix['name'][];
  /** A sentence-transformers export. @default all-MiniLM-L6-v2 from the cache of the parts */
  readonly directory?: string;
  /** Whether the Python servers that are installed take part. @default false */
  readonly rivals?: boolean;
  /** Added to `inferometer serve`. @default nothing: its defaults are what is measured */
  readonly serveArgs?: readonly string[];
  /** Told what is being measured. @default nobody */
  readonly say?: (step: string) => void;
}

/** For whoever misses the model. */
export const howToGetMiniLm =
  'all-MiniLM-L6-v2 is not in the cache of the parts: npx vitest run examples/sbert exports it, or give --model DIR';

/** @throws {RangeError} if there is no model */
export async function runServeBench(options: ServeBenchOptions): Promise<ServeReport> {
  const { effort, parts = serveParts, say = () => {} } = options;
  const used = mixesOf(options);
  const directory = options.directory ?? findMiniLm();
  if (directory === undefined) throw new RangeError(howToGetMiniLm);
  const tokenizer = loadBareTokenizer(directory);
  const words = wholeWords(tokenizer.vocabulary);
  await using generator = await startGenerator(words);
  const cores = availableParallelism();
  const bench: Bench = { directory, tokenizer, words, generator, cores, say };
  await using sink = await startSink();

  const needsSurvey = parts.includes('bare') || parts.includes('cells');
  const survey = needsSurvey ? await surveyBare(bench, used, effort.survey) : [];
  const servers = await measureServers(bench, sink, survey, options);
  const coldStart = parts.includes('cold-start')
    ? await measureColdStart(bench, sink, effort.coldStarts, options.serveArgs ?? [])
    : undefined;
  const echo = parts.includes('echo')
    ? await measureEcho(bench, sink, used[0] as Mix, effort.echo)
    : undefined;
  const kinds = parts.includes('kinds') ? await compareKinds(bench, sink, used, effort.kinds) : undefined;
  const int8 = parts.includes('int8') ? await compareInt8(bench, used, effort.int8) : undefined;
  return {
    machine: { node: process.version, cores, cpu: cpus()[0]?.model.trim() ?? 'unknown' },
    ...(survey.length > 0 && { bare: survey }),
    ...servers,
    ...(coldStart && { cold_start: coldStart }),
    ...(echo && { echo }),
    ...(kinds && { kinds }),
    ...(int8 && { int8 }),
    missing: [...servers.missing, ...(parts.includes('int8') && !int8 ? [howToQuantise] : [])],
  };
}

async function measureServers(
  bench: Bench,
  sink: Sink,
  survey: readonly SurveyRow[],
  options: ServeBenchOptions,
): Promise<Pick<ServeReport, 'settings' | 'cells' | 'totals' | 'overload' | 'telemetry' | 'missing'>> {
  const { effort, parts = serveParts, serveArgs = [] } = options;
  const used = mixesOf(options);
  if (!parts.includes('cells') && !parts.includes('overload')) return { missing: [] };
  // Closed in the opposite order: whatever fails, no server is left behind.
  await using running = new AsyncDisposableStack();
  const rivals = findRivals(bench.directory, bench.cores);
  const take = options.rivals && parts.includes('cells') ? rivals.found : [];
  const { chosen, tried, failed } = await chooseSettings(bench, used, take, effort.settings);
  const yardstick = running.use(await createYardstick(bench, survey, effort.finalists, effort.survey.texts));
  const ours = running.use(await startObserved(sink, `minilm=${bench.directory}`, serveArgs));
  ours.pause();
  const servers: RunningServer[] = [ours];
  for (const contestant of chosen) {
    bench.say(`the start of ${contestant.name}`);
    const server = running.use(await startServer(contestant));
    server.pause();
    servers.push(server);
  }
  const our = ours.contestant.name;
  const measured = parts.includes('cells')
    ? await measureCells(bench, used, servers, yardstick, effort.cells)
    : undefined;
  const telemetry = measured && (await telemetryOf(ours, measured.totals.requests[our] ?? 0));
  const overload = parts.includes('overload')
    ? await measureOverload(bench, used, ours, yardstick, effort.overload)
    : undefined;
  return {
    ...(tried.length > 0 && { settings: tried }),
    ...(measured && {
      cells: measured.cells.map((cell) => compareCell(cell, our)),
      totals: measured.totals,
    }),
    ...(telemetry && { telemetry }),
    ...(overload && { overload }),
    missing: options.rivals ? [...rivals.missing, ...failed, ...(measured?.failed ?? [])] : [],
  };
}

/** @param sent requests that it has had */
async function telemetryOf(ours: ObservedServer, sent: number): Promise<ServeReport['telemetry']> {
  ours.resume();
  const { spans, roots } = await ours.drained(sent);
  ours.pause();
  return { roots_per_request: roots / sent, spans_per_request: spans / sent, scrapes: ours.scrapes };
}

function mixesOf({ mixNames }: ServeBenchOptions): readonly Mix[] {
  return mixes.filter(({ name }) => mixNames === undefined || mixNames.includes(name));
}
