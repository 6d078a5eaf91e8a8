import { InferometerError } from '@inferometer/core';
import type { Generated, GenerativeModel, Reader, ResponseCache, Sampling } from '@inferometer/engine';
import { traceOf } from '@inferometer/express';
import type { Request, Response } from 'express';
import { cachedAnswer } from './cached-answer.ts';
import { callOptions } from './call-options.ts';
import { formatProblem } from './error-format.ts';
import type { GenerationBody } from './generation-schema.ts';
import { problemOf } from './problem.ts';
import { createEventStream, type EventStream, type StreamLimits } from './sse.ts';

/** One of the texts that a request asks for. */
export interface Choice {
  readonly index: number;
  /** Token ids. */
  readonly prompt: Int32Array;
  readonly seed: number;
}

export interface GenerationJob {
  readonly model: GenerativeModel;
  readonly choices: readonly Choice[];
  readonly sampling: Omit<Sampling, 'seed'>;
  readonly stop: readonly string[];
  readonly request: Request;
  readonly response: Response;
  /** Where the answer is kept, if it is the same every time. */
  readonly cache: ResponseCache | undefined;
}

export interface Usage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
}

/** An API's words for the same events. */
export interface AnswerWords {
  whole(results: readonly Generated[], usage: Usage): object;
  /** The choice that opens a text, before its first piece; of some APIs. */
  opening?(index: number): object;
  piece(index: number, text: string): object;
  closing(index: number, reason: Generated['reason']): object;
  /** An event with choices; `usage` only where it was asked for, `null` until the last one. */
  chunk(choices: readonly object[], usage: { readonly usage?: Usage | null }): object;
}

/** Whoever gets the texts while they are made. */
export interface LiveChoices {
  readonly reader: Reader;
  onText(index: number, text: string): void;
  onEnd(index: number, result: Generated): void;
}

/** Runs all choices side by side; the first failure ends the others. */
export async function runChoices(job: GenerationJob, live?: LiveChoices): Promise<Generated[]> {
  const { model, sampling, stop } = job;
  const call = callOptions(job.request);
  const failed = new AbortController();
  const signal = call.signal ? AbortSignal.any([call.signal, failed.signal]) : failed.signal;
  try {
    return await Promise.all(
      job.choices.map(async ({ index, prompt, seed }) => {
        const result = await model.generate(prompt, {
          sampling: { ...sampling, seed },
          stop,
          ...call,
          signal,
          ...(live ? { reader: live.reader, onText: (text) => live.onText(index, text) } : {}),
        });
        live?.onEnd(index, result);
        return result;
      }),
    );
  } finally {
    failed.abort();
  }
}

/** Answers as the request wants it: with all texts at once, or with each piece as it comes. */
export async function answerGeneration(
  job: GenerationJob,
  words: AnswerWords,
  limits: StreamLimits,
  { stream, stream_options: options }: Pick<GenerationBody, 'stream' | 'stream_options'>,
): Promise<void> {
  if (stream) await answerStreamed(job, words, limits, options?.include_usage === true);
  else await answerWhole(job, words);
}

/** Answers with all texts at once. */
async function answerWhole(job: GenerationJob, words: AnswerWords): Promise<void> {
  const trace = traceOf(job.request);
  const results = await cachedAnswer(job.cache, job, keyOf(job), async () => {
    const made = await runChoices(job);
    trace?.addIterations(usageOf(job.choices, made).completion_tokens);
    return made;
  });
  const usage = usageOf(job.choices, results);
  trace?.enter('postprocess');
  job.response.json(words.whole(results, usage));
}

/** All that the texts depend on; undefined where nothing is cached. */
function keyOf({ model, choices, sampling, stop }: GenerationJob): readonly unknown[] | undefined {
  if (model.fingerprint === undefined) return undefined;
  // Nothing is drawn at temperature 0.
  const drawn = choices.map(({ prompt, seed }) => [[...prompt], sampling.temperature === 0 ? 0 : seed]);
  return ['generation', model.fingerprint, drawn, sampling, stop];
}

/** Answers with each piece of text as it comes. */
async function answerStreamed(
  job: GenerationJob,
  words: AnswerWords,
  limits: StreamLimits,
  withUsage: boolean,
): Promise<void> {
  const trace = traceOf(job.request);
  const noUsage = withUsage ? { usage: null } : {};
  await withEvents(job.request, job.response, limits, async (events) => {
    const opened = new Set<number>();
    const open = (index: number): void => {
      if (opened.has(index)) return;
      opened.add(index);
      if (words.opening) events.send(words.chunk([words.opening(index)], noUsage));
    };
    const results = await runChoices(job, {
      reader: events,
      onText(index, text) {
        open(index);
        trace?.wroteOutput();
        events.send(words.chunk([words.piece(index, text)], noUsage));
      },
      onEnd(index, { reason }) {
        open(index);
        events.send(words.chunk([words.closing(index, reason)], noUsage));
      },
    });
    if (withUsage) events.send(words.chunk([], { usage: usageOf(job.choices, results) }));
    events.done();
  });
}

/**
 * Opens a stream of events for what makes them. A failure before the first one is thrown and has a status of its own;
 * after it the status has left, and the failure is told in the stream, as OpenAI's servers do.
 */
export async function withEvents(
  request: Request,
  response: Response,
  limits: StreamLimits,
  make: (events: EventStream) => Promise<void>,
): Promise<void> {
  const trace = traceOf(request);
  const events = createEventStream(response, limits, () => {
    if (!trace) return;
    // The reader's doing, though it is the server that ends the connection.
    trace.errorType = 'reader_stalled';
    trace.lateStatus = 499;
  });
  try {
    await make(events);
  } catch (error) {
    if (!events.started) {
      events.close();
      throw error;
    }
    const problem = problemOf(error);
    const isGone = error instanceof InferometerError && error.code === 'CANCELLED';
    if (trace && !isGone) {
      trace.errorType = problem.code;
      trace.lateStatus = problem.status;
    }
    events.send(formatProblem(problem, 'openai').body);
    events.end();
  }
}

function usageOf(choices: readonly Choice[], results: readonly Generated[]): Usage {
  const prompts = new Set(choices.map((choice) => choice.prompt));
  const prompt = [...prompts].reduce((sum, ids) => sum + ids.length, 0);
  const completion = results.reduce((sum, result) => sum + result.tokens, 0);
  return { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion };
}

/**
 * Tokens that each text may have.
 * @param longest prompt, tokens
 * @param asked undefined for as many as `unasked` says, or the context has left
 * @throws {InferometerError} INPUT_TOO_LONG with the numbers
 */
export function roomFor(
  context: number,
  longest: number,
  asked: number | undefined,
  unasked: number,
  fields: { readonly prompt: string; readonly limit: string },
): number {
  const room = context - longest;
  const tokens = asked ?? Math.min(unasked, room);
  if (room >= 1 && tokens <= room) return tokens;
  const message = `the model's context is ${context} tokens, the prompt has ${longest} and ${fields.limit} asks for ${Math.max(tokens, 1)} more`;
  throw new InferometerError('INPUT_TOO_LONG', message, {
    field: room < 1 || asked === undefined ? fields.prompt : fields.limit,
  });
}
