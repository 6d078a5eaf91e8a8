import type { BareTokenizer } from './bare/tokenizer.ts';
import type { Generator } from './load/start-generator.ts';

/** What every measurement needs. */
export interface Bench {
  /** The model as a sentence-transformers export. */
  readonly directory: string;
  readonly tokenizer: BareTokenizer;
  /** Whole words of its vocabulary, of which texts are made. */
  readonly words: readonly string[];
  readonly generator: Generator;
  /** Cores that everything here shares. */
  readonly cores: number;
  /** Told what is being measured. */
  readonly say: (step: string) => void;
}
