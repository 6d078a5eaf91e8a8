import type { Request } from 'express';
import { z } from 'zod';
import { RequestProblem } from '../../problem.ts';
import { validate } from '../../validate.ts';
import { receiveUpload } from '../upload.ts';
import { BadImage } from './bad-image.ts';
import { type ImageHeader, readHeader } from './header.ts';

const modelName = z.string('expected the name of a model');

export const imageSchema: z.ZodObject = z.object({
  image: z
    .string('expected an image in base64')
    .min(1, 'expected an image in base64')
    .describe('A PNG or JPEG in base64; a `data:` URL is taken too.'),
  model: modelName.nullish().describe('The first model that reads images without it.'),
});

/** An image that may be decoded. */
export interface ImageRequest {
  readonly bytes: Uint8Array;
  readonly header: ImageHeader;
  readonly model: string | undefined;
}

/** Bodies that may be an image by themselves. */
const rawTypes = ['image/*', 'application/octet-stream', 'multipart/form-data'];

export function isJson(request: Request): boolean {
  return Boolean(request.is(['application/json', 'application/*+json']));
}

/**
 * The image of a request, whose JSON has been read where it is some; its head has been looked at.
 * @param maxBytes longest image
 * @throws {RequestProblem} that says what was wrong
 */
export async function readImage(request: Request, maxBytes: number): Promise<ImageRequest> {
  if (isJson(request)) {
    const body = validate(imageSchema, request.body) as { image: string; model?: string | null };
    return inspected(fromBase64(body.image), body.model ?? undefined);
  }
  const type = request.get('content-type');
  if (type !== undefined && !request.is(rawTypes)) {
    const message = `content type ${type.slice(0, 100)}, expected image/png, image/jpeg, multipart/form-data or application/json`;
    throw new RequestProblem(415, 'unsupported_media_type', message);
  }
  const bytes = await receiveUpload(request, maxBytes, async ({ chunks }) => {
    const parts: Buffer[] = [];
    for await (const chunk of chunks) parts.push(chunk);
    return Buffer.concat(parts);
  });
  const { model } = request.query;
  return inspected(bytes, typeof model === 'string' ? model : undefined);
}

function inspected(bytes: Uint8Array, model: string | undefined): ImageRequest {
  try {
    return { bytes, header: readHeader(bytes), model };
  } catch (error) {
    if (error instanceof BadImage) throw new RequestProblem(400, 'invalid_value', error.message, error.field);
    throw error;
  }
}

/** @throws {RequestProblem} 400: Buffer.from would leave out what is no base64 */
function fromBase64(text: string): Uint8Array {
  const [, data = ''] = /^(?:data:[^,]{0,100};base64,)?(.*)$/s.exec(text) ?? [];
  const packed = data.replaceAll(/\s/g, '');
  if (packed === '' || packed.length % 4 === 1 || !/^[A-Za-z0-9+/_-]*={0,2}$/.test(packed)) {
    throw new RequestProblem(
      400,
      'invalid_value',
      'expected an image in base64, got something else',
      'image',
    );
  }
  return Buffer.from(packed, 'base64');
}
