/** Whoever reads a text as it is made: a generation rests while its reader does not keep up. */
export interface Reader {
  /** Whether it has more before it than it should. */
  readonly isBehind: boolean;
  /** @returns stops telling */
  onChange(listen: (isBehind: boolean) => void): () => void;
}
