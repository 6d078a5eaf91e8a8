/** What a request looks like. */
export interface RequestForm {
  readonly host: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON, in which the string that is `textMark` stands for the text. */
  readonly body: string;
}

/** Where the text goes. */
export const textMark = '"TEXT"';

/** Whole requests, head and body, one a text. */
export function serializeRequests(form: RequestForm, texts: readonly string[]): Buffer[] {
  const lines = [
    `POST ${form.path} HTTP/1.1`,
    `host: ${form.host}`,
    'content-type: application/json',
    'accept: application/json',
    ...Object.entries(form.headers).map(([name, value]) => `${name}: ${value}`),
  ];
  const head = lines.join('\r\n');
  const [before = '', after = ''] = form.body.split(textMark);
  return texts.map((text) => {
    const body = before + JSON.stringify(text) + after;
    return Buffer.from(`${head}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  });
}
