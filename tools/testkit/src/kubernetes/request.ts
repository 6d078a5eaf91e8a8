import { request } from 'node:https';

export interface ApiResponse {
  readonly status: number;
  /** JSON where the answer is JSON, else text. */
  readonly body: unknown;
}

export interface ApiRequest {
  /** @default GET */
  readonly method?: string;
  /** Sent as JSON. */
  readonly body?: unknown;
}

/** Where an API server is and how to talk to it. */
export interface ApiAccess {
  readonly url: string;
  readonly token: string;
  /** The certificate that it is trusted by, PEM. */
  readonly ca: string;
}

/** One HTTPS request with the token. Any status is a result. */
export function apiRequest(
  { url, token, ca }: ApiAccess,
  path: string,
  { method = 'GET', body }: ApiRequest = {},
): Promise<ApiResponse> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    // fetch cannot be told to trust one more certificate.
    const sent = request(new URL(path, url), { method, ca, headers, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('error', reject);
      response.on('end', () => {
        const isJson = response.headers['content-type']?.startsWith('application/json');
        resolve({ status: response.statusCode ?? 0, body: isJson ? JSON.parse(text) : text });
      });
    });
    sent.setTimeout(30_000, () => sent.destroy(new Error(`no answer to ${method} ${path}`)));
    sent.on('error', reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
