import { randomInt } from 'node:crypto';
import { InferometerError } from '@inferometer/core';
import { traceOf } from '@inferometer/express';
import type { RequestHandler } from 'express';
import { z } from 'zod';
import { languages } from '../nicknames/lists.ts';
import { languageOf } from '../nicknames/namer.ts';
import type { Namers } from '../nicknames/namers.ts';
import { cachedAnswer } from './cached-answer.ts';
import { embedInputs, type RouteContext } from './embedding-route.ts';
import { jsonAnswer, modelErrors, type Operation } from './openapi/operation.ts';
import { RequestProblem } from './problem.ts';
import { validate } from './validate.ts';

const nicknamesSchema = z.object({
  text: z.string('expected a sentence about your mood').min(1, 'expected a sentence about your mood'),
  language: z.enum(languages, 'expected "en" or "ko"').nullish(),
  n: z
    .int('expected an integer from 1 to 20')
    .min(1, 'expected an integer from 1 to 20')
    .max(20, 'expected an integer from 1 to 20')
    .nullish(),
  seed: z.int('expected an integer').nullish(),
  model: z.string('expected the name of a model').nullish(),
});

const nicknamesAnswer = z.object({
  nickname: z.string().describe('The best one.'),
  language: z.enum(languages),
  model: z.string(),
  seed: z.int().describe('The same seed gives the same animals.'),
  nicknames: z.array(
    z.object({ nickname: z.string(), adjective: z.string(), animal: z.string(), score: z.number() }),
  ),
});

export const nicknamesOperation: Operation = {
  method: 'post',
  path: '/nicknames',
  id: 'createNicknames',
  tag: 'Apps',
  summary: 'Nicknames for a mood: the model’s nearest adjectives, with animals',
  isTraced: true,
  isCached: true,
  request: [
    {
      body: { name: 'NicknamesRequest', schema: nicknamesSchema },
      examples: {
        english: { text: 'I could sleep all day' },
        korean: { text: '오늘은 너무 졸려요', n: 3, seed: 7 },
      },
    },
  ],
  answers: [jsonAnswer('NicknamesResponse', nicknamesAnswer)],
  errors: modelErrors,
};

/**
 * `POST /nicknames`: `{"text": "I could sleep all day"}` gives nicknames, best first. The language is the text's own
 * unless `language` says otherwise; the same `seed` gives the same animals.
 * @param namers of the models that have word lists
 */
export function nicknamesRoute(context: RouteContext, namers: Namers): RequestHandler {
  return async (request, response) => {
    const body = validate(nicknamesSchema, request.body);
    if (body.text.trim() === '') {
      throw new RequestProblem(
        400,
        'empty_input',
        'expected a sentence about your mood, got only spaces',
        'text',
      );
    }
    const name = body.model ?? namers.firstOf(context.registry.models)?.name;
    // Asks for the model first: an unknown one, or one that still loads, is said as such.
    const model = context.registry.embedding(name);
    const trace = traceOf(request);
    if (trace) trace.model = model.name;
    const namer = namers.of(model);
    if (!namer) {
      const message = `model "${model.name}" makes no nicknames: its directory has no adjectives.json and animals.json`;
      throw new InferometerError('INVALID_INPUT', message, { field: 'model' });
    }
    const language = body.language ?? languageOf(body.text);
    const seed = body.seed ?? randomInt(2 ** 31);
    const count = body.n ?? 5;
    // Without a seed every answer is another one.
    const key =
      body.seed == null ? undefined : ['/nicknames', model.fingerprint, body.text, language, count, seed];
    const nicknames = await cachedAnswer(context.responses, { request, response }, key, async () => {
      const { vectors } = await embedInputs(context, request, body.text, {
        field: 'text',
        model: model.name,
        truncate: true,
      });
      return namer.name(vectors[0] as Float32Array, language, count, seed >>> 0);
    });
    response.json({ nickname: nicknames[0]?.nickname, language, model: model.name, seed, nicknames });
  };
}
