import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';

export interface Question {
  /** @default "GET" */
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Target of the request line as it is, with whatever no URL may have. @default the URL's path and query */
  readonly target?: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Parsed where it is JSON, else its text. */
  readonly body: unknown;
}

/** Asks over a connection of its own, with headers and targets that `fetch` does not send, such as `host`. */
export function ask(url: string, { method = 'GET', headers = {}, target }: Question = {}): Promise<Answer> {
  const path = target === undefined ? {} : { path: target };
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { method, headers, ...path, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('error', reject);
      response.on('end', () => {
        const isJson = text !== '' && /^application\/json\b/.test(response.headers['content-type'] ?? '');
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: isJson ? JSON.parse(text) : text,
        });
      });
    });
    request.on('error', reject);
    request.end();
  });
}
