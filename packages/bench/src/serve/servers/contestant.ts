import type { RequestForm } from '../load/requests.ts';

/** A server that takes part. */
export interface Contestant {
  readonly name: string;
  /** Which of its settings this is, for the report. */
  readonly setting: string;
  readonly form: Omit<RequestForm, 'host'>;
  /** The vector in the body of an answer, shape [width]. @throws {Error} if there is none */
  readonly vector: (body: string) => readonly number[];
  /**
   * @param port that it is to listen on
   * @param folder an empty one, in which it is started
   */
  readonly command: (port: number, folder: string) => Command;
}

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Path that answers 200 as soon as it is ready. */
  readonly readyPath: string;
}

/** TEI's form: a list of texts, a list of vectors. */
export const teiForm = {
  path: '/embed',
  headers: {},
  body: '{"inputs":["TEXT"]}',
} as const;

export function teiVector(body: string): readonly number[] {
  const answer = JSON.parse(body) as readonly (readonly number[])[];
  const [vector] = answer;
  if (!Array.isArray(vector) || answer.length !== 1) throw new Error('expected a list of one vector');
  return vector as readonly number[];
}
