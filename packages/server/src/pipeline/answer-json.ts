/**
 * JSON of anything a hook may answer with: typed arrays as arrays; whole numbers of 64 bits as numbers where a double
 * holds them, else as texts; what JSON has not as null.
 * @throws {TypeError} for what refers to itself
 */
export function answerJson(answer: unknown): string {
  return JSON.stringify(answer, plain) ?? 'null';
}

function plain(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : String(value);
  }
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) {
    return Array.from(value as unknown as ArrayLike<number | bigint>);
  }
  return value;
}
