import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { traceOf } from '@inferometer/express';
import type { RequestHandler } from 'express';
import { z } from 'zod';
import { jsonAnswer, type Operation } from '../openapi/operation.ts';
import { withTempFile } from './temp-file.ts';
import { receiveUpload } from './upload.ts';

const fileForm = z.object({ file: z.string().describe('The file: one part, of any name.') });

export const fileHeavyOperation: Operation = {
  method: 'post',
  path: '/apps/file_heavy',
  id: 'fileHeavy',
  tag: 'Apps',
  summary: 'Writes an upload to disk, reads it back and hashes it: what file input costs',
  description:
    'In the trace, `preprocess` is the time in which the file came and was written, `run` that in which it was read back and hashed.',
  isTraced: true,
  curl: '-F file=@README.md',
  parameters: [
    {
      name: 'name',
      in: 'query',
      description: 'Name of a file that is the body itself',
      schema: z.string().optional(),
    },
  ],
  request: [
    { type: 'multipart/form-data', body: { name: 'FileForm', schema: fileForm } },
    { type: 'application/octet-stream' },
  ],
  answers: [
    jsonAnswer(
      'FileHeavyResponse',
      z.object({
        name: z.string().describe('As the client calls it; empty without a name.'),
        type: z.string().describe('Media type that the client said.'),
        size: z.int().min(0).describe('Bytes.'),
        digest: z.string().describe('`sha256:` and 64 hex digits.'),
      }),
    ),
  ],
  errors: [400, 413, 415],
};

/** Bytes of a read: as few calls as make sense, without holding much of many files. */
const readBytes = 262_144;

/**
 * `POST /apps/file_heavy`: a file in a form, or as the body.
 * @param maxBytes longest file
 */
export function fileHeavy(maxBytes: number): RequestHandler {
  return async (request, response) => {
    const trace = traceOf(request);
    const answer = await withTempFile((file) =>
      receiveUpload(request, maxBytes, async ({ name, type, chunks }) => {
        trace?.enter('preprocess');
        await file.writeFile(chunks);
        trace?.enter('run');
        return { name, type, ...(await readBack(file)) };
      }),
    );
    trace?.enter('postprocess');
    response.json(answer);
  };
}

async function readBack(file: FileHandle): Promise<{ readonly size: number; readonly digest: string }> {
  const hash = createHash('sha256');
  let size = 0;
  for await (const chunk of file.createReadStream({ start: 0, autoClose: false, highWaterMark: readBytes })) {
    hash.update(chunk as Buffer);
    size += (chunk as Buffer).length;
  }
  return { size, digest: `sha256:${hash.digest('hex')}` };
}
