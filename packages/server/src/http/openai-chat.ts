import { randomInt } from 'node:crypto';
import type { GenerativeModel } from '@inferometer/engine';
import { traceOf } from '@inferometer/express';
import type { RequestHandler } from 'express';
import { type AnswerHead, answerHead } from './answer-head.ts';
import { callOptions } from './call-options.ts';
import { encodeChat } from './chat-prompt.ts';
import { messagesOf, parseChat } from './chat-schema.ts';
import type { RouteContext } from './embedding-route.ts';
import {
  type AnswerWords,
  answerGeneration,
  type Choice,
  type GenerationJob,
  roomFor,
} from './generation-answer.ts';
import { isRepeatable, samplingOf, stopsOf } from './generation-schema.ts';

/** `POST /v1/chat/completions` of OpenAI, streamed or whole. */
export function openaiChat(context: RouteContext): RequestHandler {
  return async (request, response) => {
    const trace = traceOf(request);
    const body = parseChat(request.body);
    const model: GenerativeModel = context.registry.generative(body.model ?? undefined);
    if (trace) {
      trace.model = model.name;
      trace.operation = 'chat';
    }
    // What is wrong with the headers or tokens is said before anything is done for the request.
    callOptions(request);
    samplingOf(body, model, 1);
    trace?.enter('preprocess');
    const prompt = await encodeChat(model, messagesOf(body), context.turns, 'messages');
    const limit = body.max_completion_tokens == null ? 'max_tokens' : 'max_completion_tokens';
    const asked = body.max_completion_tokens ?? body.max_tokens ?? undefined;
    const fields = { prompt: 'messages', limit };
    const room = roomFor(model.directory.maxTokens, prompt.length, asked, Number.POSITIVE_INFINITY, fields);
    const seed = body.seed ?? randomInt(2 ** 31);
    const job: GenerationJob = {
      model,
      choices: Array.from(
        { length: body.n ?? 1 },
        (_, index): Choice => ({ index, prompt, seed: (seed + index) >>> 0 }),
      ),
      sampling: samplingOf(body, model, room),
      stop: [...stopsOf(body.stop), ...model.chat.stop],
      request,
      response,
      cache: isRepeatable(body) ? context.responses : undefined,
    };
    const words = chatWords(answerHead('chatcmpl', model));
    await answerGeneration(job, words, context.streams, body);
  };
}

function chatWords(head: AnswerHead): AnswerWords {
  const choice = (index: number, delta: object, reason: string | null): object => ({
    index,
    delta,
    logprobs: null,
    finish_reason: reason,
  });
  return {
    whole: (results, usage) => ({
      object: 'chat.completion',
      ...head,
      choices: results.map(({ text, reason }, index) => ({
        index,
        message: { role: 'assistant', content: text, refusal: null },
        logprobs: null,
        finish_reason: reason,
      })),
      usage,
    }),
    opening: (index) => choice(index, { role: 'assistant', content: '', refusal: null }, null),
    piece: (index, content) => choice(index, { content }, null),
    closing: (index, reason) => choice(index, {}, reason),
    chunk: (choices, usage) => ({ object: 'chat.completion.chunk', ...head, choices, ...usage }),
  };
}
