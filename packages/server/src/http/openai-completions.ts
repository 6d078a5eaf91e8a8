import { randomInt } from 'node:crypto';
import { traceOf } from '@inferometer/express';
import type { RequestHandler } from 'express';
import { answerHead } from './answer-head.ts';
import { callOptions } from './call-options.ts';
import { parseCompletion } from './completion-schema.ts';
import type { RouteContext } from './embedding-route.ts';
import {
  type AnswerWords,
  answerGeneration,
  type Choice,
  type GenerationJob,
  roomFor,
} from './generation-answer.ts';
import { isRepeatable, samplingOf, stopsOf } from './generation-schema.ts';
import { encodeInputs, inputsOf } from './inputs.ts';

/** Tokens where none are asked for: OpenAI's default. */
const defaultTokens = 16;

/** `POST /v1/completions` of OpenAI, streamed or whole. */
export function openaiCompletions(context: RouteContext): RequestHandler {
  return async (request, response) => {
    const trace = traceOf(request);
    const body = parseCompletion(request.body);
    const model = context.registry.generative(body.model ?? undefined);
    if (trace) {
      trace.model = model.name;
      trace.operation = 'text_completion';
    }
    const inputs = inputsOf(request.body.prompt, 'prompt', context.limits);
    // What is wrong with the headers or tokens is said before anything is done for the request.
    callOptions(request);
    samplingOf(body, model, 1);
    trace?.enter('preprocess');
    const prompts = await encodeInputs(inputs, model, {
      field: 'prompt',
      truncate: false,
      turns: context.turns,
    });
    const longest = Math.max(...prompts.map(({ ids }) => ids.length));
    const fields = { prompt: 'prompt', limit: 'max_tokens' };
    const { maxTokens } = model.directory;
    const room = roomFor(maxTokens, longest, body.max_tokens ?? undefined, defaultTokens, fields);
    const seed = body.seed ?? randomInt(2 ** 31);
    const n = body.n ?? 1;
    const job: GenerationJob = {
      model,
      choices: prompts.flatMap(({ ids }, p) =>
        Array.from(
          { length: n },
          (_, i): Choice => ({ index: p * n + i, prompt: ids, seed: (seed + i) >>> 0 }),
        ),
      ),
      sampling: samplingOf(body, model, room),
      stop: stopsOf(body.stop),
      request,
      response,
      cache: isRepeatable(body) ? context.responses : undefined,
    };
    const textOf = (index: number): string => {
      const input = inputs[Math.floor(index / n)] as (typeof inputs)[number];
      return typeof input === 'string' ? input : model.tokenizer.decode(input);
    };
    const words = completionWords(answerHead('cmpl', model), body.echo ? textOf : undefined);
    await answerGeneration(job, words, context.streams, body);
  };
}

/** @param promptOf the prompt of a choice, where it is part of the answer */
function completionWords(
  head: ReturnType<typeof answerHead>,
  promptOf: ((index: number) => string) | undefined,
): AnswerWords {
  const choice = (index: number, text: string, reason: string | null): object => ({
    text,
    index,
    logprobs: null,
    finish_reason: reason,
  });
  return {
    whole: (results, usage) => ({
      object: 'text_completion',
      ...head,
      choices: results.map(({ text, reason }, index) =>
        choice(index, (promptOf?.(index) ?? '') + text, reason),
      ),
      usage,
    }),
    ...(promptOf ? { opening: (index: number) => choice(index, promptOf(index), null) } : {}),
    piece: (index, text) => choice(index, text, null),
    closing: (index, reason) => choice(index, '', reason),
    chunk: (choices, usage) => ({ object: 'text_completion', ...head, choices, ...usage }),
  };
}
