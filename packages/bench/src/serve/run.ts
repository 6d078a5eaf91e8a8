import { availableParallelism, cpus } from 'node:os';
import { findMiniLm } from '../find-mini-lm.ts';
import { type Sink, startSink } from '../overhead/start-sink.ts';
import { type SurveyRow, surveyBare } from './bare/survey.ts';
import { loadBareTokenizer } from './bare/tokenizer.ts';
import { createYardstick } from './bare/yardstick.ts';
import type { Bench } from './bench.ts';
import { measureCells } from './cells.ts';
import { compareCell } from './compare-cells.ts';
import type { ServeEffort } from './efforts.ts';
import { startGenerator } from './load/start-generator.ts';
import { mixes, wholeWords } from './mixes.ts';
import { measureOverload } from './overload.ts';
import type { ServeReport } from './report.ts';
import { startObserved } from './servers/observed.ts';
import type { RunningServer } from './servers/start-server.ts';

/** Everything that can be named in `--only`. */
export const serveParts = ['bare', 'cells', 'overload'] as const;
export type ServePart = (typeof serveParts)[number];

export interface ServeBenchOptions {
  readonly effort: ServeEffort;
  /** @default all */
  readonly parts?: readonly ServePart[];
  /** A sentence-transformers export. @default all-MiniLM-L6-v2 from the cache of the parts */
  readonly directory?: string;
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
  const directory = options.directory ?? findMiniLm();
  if (directory === undefined) throw new RangeError(howToGetMiniLm);
  const tokenizer = loadBareTokenizer(directory);
  const words = wholeWords(tokenizer.vocabulary);
  await using generator = await startGenerator(words);
  const cores = availableParallelism();
  const bench: Bench = { directory, tokenizer, words, generator, cores, say };
  await using sink = await startSink();

  const needsSurvey = parts.includes('bare') || parts.includes('cells');
  const survey = needsSurvey ? await surveyBare(bench, mixes, effort.survey) : [];
  return {
    machine: { node: process.version, cores, cpu: cpus()[0]?.model.trim() ?? 'unknown' },
    ...(survey.length > 0 && { bare: survey }),
    ...(await measureServers(bench, sink, survey, options)),
    missing: [],
  };
}

async function measureServers(
  bench: Bench,
  sink: Sink,
  survey: readonly SurveyRow[],
  { effort, parts = serveParts, serveArgs = [] }: ServeBenchOptions,
): Promise<Pick<ServeReport, 'cells' | 'totals' | 'overload' | 'telemetry'>> {
  if (!parts.includes('cells') && !parts.includes('overload')) return {};
  await using yardstick = await createYardstick(bench, survey, effort.finalists, effort.survey.texts);
  await using ours = await startObserved(sink, `minilm=${bench.directory}`, serveArgs);
  ours.pause();
  const our = ours.contestant.name;
  const servers: RunningServer[] = [ours];
  const measured = parts.includes('cells')
    ? await measureCells(bench, mixes, servers, yardstick, effort.cells)
    : undefined;
  const sent = measured?.totals.requests[our];
  ours.resume();
  const spans = sent === undefined ? undefined : await ours.drained(sent);
  ours.pause();
  const overload = parts.includes('overload')
    ? await measureOverload(bench, mixes, ours, yardstick, effort.overload)
    : undefined;
  return {
    ...(measured && {
      cells: measured.cells.map((cell) => compareCell(cell, our)),
      totals: measured.totals,
    }),
    ...(spans &&
      sent && {
        telemetry: {
          roots_per_request: spans.roots / sent,
          spans_per_request: spans.spans / sent,
          scrapes: ours.scrapes,
        },
      }),
    ...(overload && { overload }),
  };
}
