import { unpacked } from '../../shared/packed.ts';
import { item, itemHead } from '../../shared/span-record.ts';
import { readBatch } from './read-batch.ts';
import { createRequestReader, type ExtrasByEntry, type SpanSink } from './read-request.ts';
import { ownScopeName } from './span-encoder.ts';

/** Turns the messages of the span ring into spans. */
export interface RingReader {
  read(words: Int32Array, at: number, length: number): void;
}

/**
 * @param version of the distribution, for the scope
 * @param whole gets each span
 * @param lost of a reader that starts in the middle: told of each span until the texts of a message are known again
 */
export function createRingReader(version: string, whole: SpanSink, lost?: () => void): RingReader {
  const texts: string[] = [];
  const scope = { name: ownScopeName, version };
  let sink: SpanSink = lost ? { add: lost, addPhase: lost } : whole;
  let extras: ExtrasByEntry | undefined;

  const textAt = (words: Int32Array, at: number): string | undefined => {
    const id = words[at] as number;
    return id < 0 ? undefined : texts[id];
  };
  const known = { at: textAt };
  const requests = createRequestReader(known, scope);

  const readText = (words: Int32Array, at: number): void => {
    const bytes = words[at + 1] as number;
    const start = words.byteOffset + (at + 2) * 4;
    texts[words[at] as number] = Buffer.from(words.buffer as SharedArrayBuffer, start, bytes).toString(
      'utf8',
    );
  };

  return {
    read(words, start, length) {
      const end = start + length;
      for (let at = start; at < end; ) {
        const kind = words[at] as number;
        const fields = at + itemHead;
        if (kind === item.request) {
          const own = extras;
          extras = undefined;
          requests.read(words, fields, own, sink);
        } else if (kind === item.string) readText(words, fields);
        else if (kind === item.forget) {
          texts.length = 0;
          sink = whole;
        } else if (kind === item.extras) {
          // Unknown to a reader that starts in the middle, which loses the spans anyway.
          const text = textAt(words, fields);
          extras = text === undefined ? undefined : (unpacked(text) as ExtrasByEntry);
        } else if (kind === item.batch) sink.add(readBatch(words, fields, known, scope));
        at = fields + (words[at + 1] as number);
      }
    },
  };
}
