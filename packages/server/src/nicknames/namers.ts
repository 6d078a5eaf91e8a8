import type { EmbeddingModel, Model } from '@inferometer/engine';
import { createNamer, type Namer } from './namer.ts';

/** Who makes nicknames of the vectors of a model: a model that is replaced takes its namer with it. */
export interface Namers {
  /** Embeds the words of a model's directory, if it has any. */
  prepare(model: Model): Promise<void>;
  of(model: Model): Namer | undefined;
  /** The first of these models that has one. */
  firstOf(models: readonly Model[]): EmbeddingModel | undefined;
}

export function createNamers(): Namers {
  const namers = new WeakMap<Model, Namer>();
  return {
    async prepare(model) {
      const namer = model.kind === 'embedding' ? await createNamer(model) : undefined;
      if (namer) namers.set(model, namer);
    },
    of: (model) => namers.get(model),
    firstOf: (models) =>
      models.find((model): model is EmbeddingModel => model.kind === 'embedding' && namers.has(model)),
  };
}
