import { InferometerError } from '@inferometer/core';
import type { Model } from '@inferometer/engine';
import { traceOf } from '@inferometer/express';
import type { RequestHandler } from 'express';
import { z } from 'zod';
import type { ModelRegistry } from '../../../models/registry.ts';
import { jsonBody } from '../../body.ts';
import { callOptions } from '../../call-options.ts';
import { jsonAnswer, modelErrors, type Operation } from '../../openapi/operation.ts';
import { byteBudget } from '../byte-budget.ts';
import type { ImageInput, ImageScores } from './image-hooks.ts';
import { imageSchema, isJson, readImage } from './image-input.ts';
import { labelsOf } from './labels.ts';

/** Longest image, bytes, where uploads may be longer: it is held in memory. */
const mostImageBytes = 16_777_216;

/** Of all images that are being received, wait or are decoded. */
const mostHeldBytes = 268_435_456;

const answerSchema = z.object({
  label: z.string().describe('The most likely class.'),
  score: z.number().min(0).max(1).describe('Its probability.'),
  scores: z.record(z.string(), z.number()).describe('Probability of each class; together 1.'),
  model: z.string(),
  image: z.object({ format: z.enum(['png', 'jpeg']), width: z.int().min(1), height: z.int().min(1) }),
});

/** A seven of 8 by 8 pixels, of those that the digit model was not trained on, as PNG in base64. */
const sample =
  'iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAAAAADhZOFXAAAAPElEQVR42mNgYGB4////fgcg7XCfYf5+IM3QUCDwHiQAYoIFGAQa7u83ADESzv8/rwAWmj8fokLhP4gPANVqEdAVxcA2AAAAAElFTkSuQmCC';

export const imageOperation: Operation = {
  method: 'post',
  path: '/apps/image',
  id: 'classifyImage',
  tag: 'Apps',
  summary: 'What an image shows: decoded and run off the main thread',
  description:
    'A PNG or JPEG: as the body, as the part of a form, or in base64 within JSON. Grey or in colors, 1 to 16 bits, with transparency or without, progressive or not, turned as EXIF says; CMYK is not read.',
  isTraced: true,
  parameters: [
    {
      name: 'model',
      in: 'query',
      description: 'The model, where the body is no JSON; the first one that reads images without it',
      schema: z.string().optional(),
    },
  ],
  request: [
    {
      body: { name: 'ImageRequest', schema: imageSchema },
      examples: { digit: { image: sample } },
    },
    { type: 'multipart/form-data', body: { name: 'ImageForm', schema: z.object({ image: z.string() }) } },
    { type: 'image/png' },
    { type: 'image/jpeg' },
  ],
  answers: [jsonAnswer('ImageResponse', answerSchema)],
  errors: modelErrors,
};

/** A model that reads images. */
interface Classifier {
  readonly model: Model;
  /** Names of its classes, in their order. */
  readonly labels: readonly string[];
}

/**
 * `POST /apps/image`: a PNG or JPEG gives the class that a model sees in it.
 * @param maxUploadBytes longest upload
 */
export function imageRoute(registry: ModelRegistry, maxUploadBytes: number): RequestHandler[] {
  const maxBytes = Math.min(maxUploadBytes, mostImageBytes);
  // Base64 has four characters for three bytes.
  const mostJsonBytes = Math.ceil((maxBytes * 4) / 3) + 4096;
  const readJson = jsonBody(mostJsonBytes).map(
    (read): RequestHandler =>
      (request, response, next) =>
        isJson(request) ? read(request, response, next) : next(),
  );
  return [
    byteBudget(mostHeldBytes, mostJsonBytes),
    ...readJson,
    async (request, response) => {
      const trace = traceOf(request);
      const call = callOptions(request);
      const { bytes, header, model: name } = await readImage(request, maxBytes);
      const { model, labels } = classifierOf(registry, name);
      if (trace) trace.model = model.name;
      const input: ImageInput = { bytes };
      const { scores } = await model.runPipeline<ImageScores>(input, call);
      trace?.enter('postprocess');
      const best = scores.indexOf(Math.max(...scores));
      const { format, width, height } = header;
      response.json({
        label: labels[best],
        score: scores[best],
        scores: Object.fromEntries(labels.map((label, index) => [label, scores[index]])),
        model: model.name,
        image: { format, width, height },
      });
    },
  ];
}

/** @throws {InferometerError} UNKNOWN_MODEL, INVALID_INPUT if it does not read images, UNAVAILABLE while it loads */
function classifierOf(registry: ModelRegistry, name: string | undefined): Classifier {
  const found = registry.models
    .map((model) => ({ model, labels: labelsOf(model) }))
    .filter((it): it is Classifier => it.labels !== undefined);
  if (name === undefined) {
    if (found[0]) return found[0];
    throw registry.ready
      ? new InferometerError('UNKNOWN_MODEL', 'no model that reads images is loaded', { field: 'model' })
      : new InferometerError('UNAVAILABLE', 'the models are being loaded, try again in a second');
  }
  const model = registry.find(name);
  const labels = labelsOf(model);
  if (labels) return { model, labels };
  const others = found.length > 0 ? `, expected one of ${found.map((it) => it.model.name).join(', ')}` : '';
  const message = `model "${name}" is not one that reads images${others}`;
  throw new InferometerError('INVALID_INPUT', message, { field: 'model' });
}
