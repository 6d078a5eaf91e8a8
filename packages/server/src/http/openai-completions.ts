import { randomBytes, randomInt } from 'node:crypto';
import { InferometerError } from '@inferometer/core';
import type { Encoded, Generated, GenerativeModel, ResponseCache } from '@inferometer/engine';
import { goneSignal, traceOf } from '@inferometer/express';
import type { Request, RequestHandler, Response } from 'express';
import { cachedAnswer, generationKey } from './cached-answer.ts';
import { type CompletionBody, parseCompletion, stopsOf } from './completion-schema.ts';
import type { RouteContext } from './embedding-route.ts';
import { formatProblem } from './error-format.ts';
import { encodeInputs, inputsOf } from './inputs.ts';
import { problemOf } from './problem.ts';
import { createEventStream } from './sse.ts';

/** One of the texts that a request asked for. */
interface Choice {
  readonly index: number;
  readonly prompt: Encoded;
  readonly promptText: string;
  readonly seed: number;
}

/** `POST /v1/completions` of OpenAI, streamed or whole. */
export function openaiCompletions(context: RouteContext): RequestHandler {
  return async (request, response) => {
    const trace = traceOf(request);
    const body = parseCompletion(request.body);
    const model = context.registry.generative(body.model ?? undefined);
    if (trace) trace.model = model.name;
    const inputs = inputsOf(request.body.prompt, 'prompt', context.limits);
    trace?.enter('preprocess');
    const prompts = await encodeInputs(inputs, model, {
      field: 'prompt',
      truncate: false,
      turns: context.turns,
    });
    const maxTokens = maxTokensOf(body, prompts, model.directory.maxTokens);
    const seed = body.seed ?? randomInt(2 ** 31);
    const choices = prompts.flatMap((prompt, p) =>
      Array.from({ length: body.n }, (_, i): Choice => {
        const input = inputs[p] as string | readonly number[];
        const promptText = typeof input === 'string' ? input : model.tokenizer.decode(input);
        return { index: p * body.n + i, prompt, promptText, seed: (seed + i) >>> 0 };
      }),
    );
    const answer = {
      id: `cmpl-${randomBytes(12).toString('hex')}`,
      created: Math.floor(Date.now() / 1000),
      model: model.name,
    };
    const job: Job = { model, body, maxTokens, choices, answer, request, response };
    await (body.stream ? streamed(job) : whole(job, context.responses));
  };
}

interface Job {
  readonly model: GenerativeModel;
  readonly body: CompletionBody;
  readonly maxTokens: number;
  readonly choices: readonly Choice[];
  readonly answer: { readonly id: string; readonly created: number; readonly model: string };
  readonly request: Request;
  readonly response: Response;
}

async function whole(job: Job, cache: ResponseCache | undefined): Promise<void> {
  const key = generationKey('/v1/completions', job.model, job.body, [
    job.maxTokens,
    job.choices.map(({ prompt, promptText }) => [promptText, [...prompt.ids]]),
  ]);
  const { choices, usage } = await cachedAnswer(cache, job, key, async () => {
    const results = await runAll(job, () => {});
    traceOf(job.request)?.enter('postprocess');
    return {
      choices: job.choices.map(({ index, promptText }) => ({
        text: (job.body.echo ? promptText : '') + (results[index] as Generated).text,
        index,
        logprobs: null,
        finish_reason: (results[index] as Generated).reason,
      })),
      usage: usageOf(job, results),
    };
  });
  job.response.json({ object: 'text_completion', ...job.answer, choices, usage });
}

async function streamed(job: Job): Promise<void> {
  const { body, answer, choices } = job;
  const trace = traceOf(job.request);
  const events = createEventStream(job.response);
  const withUsage = body.stream_options?.include_usage === true;
  const chunk = (index: number, text: string, reason: string | null): void => {
    trace?.wroteOutput();
    events.send({
      object: 'text_completion',
      ...answer,
      choices: [{ text, index, logprobs: null, finish_reason: reason }],
      ...(withUsage ? { usage: null } : {}),
    });
  };
  try {
    if (body.echo) for (const { index, promptText } of choices) chunk(index, promptText, null);
    const results = await runAll(job, chunk);
    if (withUsage)
      events.send({ object: 'text_completion', ...answer, choices: [], usage: usageOf(job, results) });
    events.done();
  } catch (error) {
    if (!events.started) throw error;
    // The status has left: the failure is told in the stream, as OpenAI's servers do.
    const problem = problemOf(error);
    if (trace) {
      trace.errorType = problem.code;
      trace.lateStatus = problem.status;
    }
    events.send(formatProblem(problem, 'openai').body);
    job.response.end();
  }
}

/** Runs all choices side by side; the first failure ends the others. */
async function runAll(
  job: Job,
  chunk: (index: number, text: string, reason: string | null) => void,
): Promise<Generated[]> {
  const { model, body } = job;
  const trace = traceOf(job.request);
  const failed = new AbortController();
  const gone = goneSignal(job.request);
  const signal = gone ? AbortSignal.any([gone, failed.signal]) : failed.signal;
  try {
    return await Promise.all(
      job.choices.map(async ({ index, prompt, seed }) => {
        const result = await model.generate(prompt.ids, {
          sampling: {
            maxTokens: job.maxTokens,
            temperature: body.temperature,
            topK: body.top_k,
            topP: body.top_p,
            seed,
          },
          stop: stopsOf(body.stop),
          signal,
          ...(trace ? { trace } : {}),
          onText: (text) => chunk(index, text, null),
        });
        chunk(index, '', result.reason);
        return result;
      }),
    );
  } finally {
    failed.abort();
  }
}

function usageOf(job: Job, results: readonly Generated[]): Record<string, number> {
  const prompts = new Set(job.choices.map((choice) => choice.prompt));
  const prompt = [...prompts].reduce((sum, encoded) => sum + encoded.ids.length, 0);
  const completion = results.reduce((sum, result) => sum + result.tokens, 0);
  return { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion };
}

/** As many as asked for; without a wish 16, or what the context has left. */
function maxTokensOf(body: CompletionBody, prompts: readonly Encoded[], context: number): number {
  const longest = Math.max(...prompts.map((prompt) => prompt.ids.length));
  const room = context - longest;
  const asked = body.max_tokens ?? Math.min(16, room);
  if (room >= 1 && asked <= room) return asked;
  const message = `the model's context is ${context} tokens, the prompt has ${longest} and max_tokens asks for ${Math.max(asked, 1)} more`;
  throw new InferometerError('INPUT_TOO_LONG', message, {
    field: body.max_tokens == null ? 'prompt' : 'max_tokens',
  });
}
