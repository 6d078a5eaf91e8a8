import { type Inferometer, startInferometer } from '@inferometer/testkit';

export interface OpenAiEmbeddings {
  readonly object: 'list';
  readonly model: string;
  readonly data: readonly { readonly index: number; readonly embedding: readonly number[] | string }[];
  readonly usage: { readonly prompt_tokens: number; readonly total_tokens: number };
}

/**
 * Starts `inferometer serve --model NAME=DIR …` on a free port and resolves when its models are warm.
 * @param flags more of its flags
 */
export async function startServer(
  models: Readonly<Record<string, string>>,
  flags: readonly string[] = [],
): Promise<Inferometer> {
  const chosen = Object.entries(models).flatMap(([name, dir]) => ['--model', `${name}=${dir}`]);
  return startInferometer({ args: [...chosen, ...flags] });
}

/** `POST /embed`, as text-embeddings-inference has it: shape [inputs][dimensions]. */
export async function embed(
  server: Inferometer,
  inputs: string | readonly string[],
  model?: string,
): Promise<number[][]> {
  return (await post(`${server.url}/embed`, { inputs, model })) as number[][];
}

/** `POST /v1/embeddings`, as OpenAI has it. */
export async function openAiEmbeddings(
  server: Inferometer,
  request: Readonly<Record<string, unknown>>,
): Promise<OpenAiEmbeddings> {
  return (await post(`${server.url}/v1/embeddings`, request)) as OpenAiEmbeddings;
}

/** @throws {Error} with status and body, if the status is not 200 */
async function post(url: string, body: unknown): Promise<unknown> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(60_000),
  });
  const text = await response.text();
  if (response.status !== 200) throw new Error(`${url} answered ${response.status}: ${text}`);
  return JSON.parse(text);
}
