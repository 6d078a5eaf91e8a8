import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import busboy from 'busboy';
import type { Request } from 'express';
import { RequestProblem } from '../problem.ts';

/** A file on its way in. */
export interface Upload {
  /** As the client calls it, without a path; empty where it has no name. */
  readonly name: string;
  /** Media type in lower case, without parameters; `application/octet-stream` where none was said. */
  readonly type: string;
  /** Its bytes. @throws {RequestProblem} 413 past the limit, 499 if the client goes away, 400 if the form is cut off */
  readonly chunks: AsyncIterable<Buffer>;
}

/** Bytes around a file in a form: boundaries, headers and other fields. */
const formOverhead = 65_536;

/**
 * Reads the one file of a request: a part of `multipart/form-data`, or the body itself, of any other type.
 * @param maxBytes longest file
 * @param take reads the file; what it does not read is dropped
 * @throws {RequestProblem} that says what was wrong; what `take` throws
 */
export async function receiveUpload<T>(
  request: Request,
  maxBytes: number,
  take: (upload: Upload) => Promise<T>,
): Promise<T> {
  try {
    const type = mediaTypeOf(request);
    const isForm = type === 'multipart/form-data';
    refuseEarly(request, isForm ? maxBytes + formOverhead : maxBytes, maxBytes);
    if (isForm) return await receiveForm(request, maxBytes, take);
    const name = typeof request.query.name === 'string' ? request.query.name.slice(0, 255) : '';
    return await take({ name, type, chunks: limited(request, maxBytes) });
  } catch (error) {
    await dropRest(request);
    throw error;
  }
}

function mediaTypeOf(request: IncomingMessage): string {
  const said = request.headers['content-type'] ?? 'application/octet-stream';
  return (said.split(';')[0] as string).trim().toLowerCase();
}

/** What the head tells is refused before a byte of the body is read. */
function refuseEarly({ headers }: IncomingMessage, mostBody: number, maxBytes: number): void {
  const encoding = headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity') {
    const message = `content encoding ${encoding.slice(0, 40)}, expected the file as it is`;
    throw new RequestProblem(415, 'unsupported_media_type', message);
  }
  if (Number(headers['content-length'] ?? 0) > mostBody) throw tooLarge(maxBytes);
  if (headers['content-length'] === '0' || (!headers['content-length'] && !headers['transfer-encoding'])) {
    throw new RequestProblem(400, 'empty_input', 'the body is missing, expected a file');
  }
}

function receiveForm<T>(
  request: IncomingMessage,
  maxBytes: number,
  take: (upload: Upload) => Promise<T>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const form = openForm(request, maxBytes);
    let taken: Promise<T> | undefined;
    const fail = (error: unknown): void => {
      request.unpipe(form);
      request.off('close', cutOff);
      form.destroy();
      reject(error);
    };
    const cutOff = (): void => {
      if (!request.complete) form.destroy(gone());
    };
    form.on('file', (_field, content, { filename = '', mimeType }) => {
      // It is destroyed with its form, also once nobody reads it any more: whoever does is told by the iteration.
      content.on('error', () => {});
      const chunks = limited(content, maxBytes);
      taken = take({ name: filename.slice(0, 255), type: mimeType.toLowerCase(), chunks });
      taken.then(() => content.resume(), fail);
    });
    form.on('filesLimit', () =>
      fail(new RequestProblem(400, 'invalid_value', 'expected one file, got more', 'file')),
    );
    form.on('error', (error) => fail(malformed(error)));
    form.on('close', () => {
      request.off('close', cutOff);
      if (taken) taken.then(resolve, reject);
      else reject(new RequestProblem(400, 'empty_input', 'expected a part that is a file, got none', 'file'));
    });
    request.once('close', cutOff);
    request.pipe(form);
  });
}

function openForm({ headers }: IncomingMessage, maxBytes: number): busboy.Busboy {
  try {
    return busboy({
      headers,
      defParamCharset: 'utf8',
      // One byte more tells a file that is too long from one that just fits.
      limits: { files: 1, fileSize: maxBytes + 1, fields: 32, parts: 40, fieldSize: 4096, headerPairs: 64 },
    });
  } catch (error) {
    throw malformed(error);
  }
}

async function* limited(source: Readable, maxBytes: number): AsyncGenerator<Buffer> {
  let bytes = 0;
  try {
    // Its end must not be the request's: an answer is still to be written.
    for await (const chunk of source.iterator({ destroyOnReturn: false })) {
      bytes += (chunk as Buffer).length;
      if (bytes > maxBytes) throw tooLarge(maxBytes);
      yield chunk as Buffer;
    }
  } catch (error) {
    throw malformed(error);
  }
}

function tooLarge(maxBytes: number): RequestProblem {
  return new RequestProblem(413, 'body_too_large', `the file is over the limit of ${maxBytes} bytes`);
}

function gone(): RequestProblem {
  return new RequestProblem(499, 'client_disconnected', 'the client went away while it sent the file');
}

function malformed(error: unknown): RequestProblem {
  if (error instanceof RequestProblem) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ECONNRESET' || code === 'ERR_STREAM_PREMATURE_CLOSE') return gone();
  return new RequestProblem(400, 'invalid_value', `the form cannot be read: ${message}`);
}

/** Of a refused body so much is still read: a client that writes does not read, and would miss the answer. */
const mostDropped = 4_194_304;
const longestDropMs = 1000;

function dropRest(request: IncomingMessage): Promise<void> {
  if (request.complete || request.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    let dropped = 0;
    const done = (): void => {
      clearTimeout(timer);
      request.off('data', count).off('end', done).off('close', done).off('error', done);
      resolve();
    };
    const count = (chunk: Buffer): void => {
      dropped += chunk.length;
      if (dropped >= mostDropped) done();
    };
    const timer = setTimeout(done, longestDropMs);
    request.on('data', count).on('end', done).on('close', done).on('error', done);
    request.resume();
  });
}
