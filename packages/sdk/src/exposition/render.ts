import type { Family } from '@inferometer/core';
import type { Format } from './negotiate.ts';
import { renderOpenMetrics } from './open-metrics.ts';
import { renderProtobuf } from './protobuf.ts';
import { renderText } from './text.ts';

/** The body of a scrape in one of the formats, in chunks that are made as they are taken. */
export function* renderFamilies(format: Format, families: readonly Family[]): Generator<Uint8Array> {
  if (format === 'protobuf') yield* renderProtobuf(families);
  else {
    const chunks = format === 'openmetrics' ? renderOpenMetrics(families) : renderText(families);
    for (const chunk of chunks) yield Buffer.from(chunk, 'utf8');
  }
}
