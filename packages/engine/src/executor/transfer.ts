/**
 * The buffers of a message's typed arrays, to be handed over to another thread instead of being copied. A view of a part
 * of a buffer is left out: the rest of the buffer would go with it.
 */
export function buffersOf(message: { readonly type?: string }): ArrayBuffer[] {
  // Named tensors are their caller's own, and wanted again if the run has to be repeated: they are copied.
  if (message.type === 'infer' || message.type === 'pipeline') return [];
  const found = new Set<ArrayBuffer>();
  collect(message, found);
  return [...found];
}

function collect(value: unknown, found: Set<ArrayBuffer>): void {
  if (typeof value !== 'object' || value === null) return;
  if (ArrayBuffer.isView(value)) {
    const { buffer, byteLength } = value;
    if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) found.add(buffer);
    return;
  }
  for (const each of Object.values(value)) collect(each, found);
}
