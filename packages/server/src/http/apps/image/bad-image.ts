/**
 * An image that the sender has to change. Its code is what the engine takes for bad input of a hook: so that the hooks'
 * process need load nothing else of the server.
 */
export class BadImage extends Error {
  readonly code = 'INVALID_INPUT';
  readonly field = 'image';

  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'BadImage';
  }
}
