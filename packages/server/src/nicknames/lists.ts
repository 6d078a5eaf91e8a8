import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { InferometerError, messageOf } from '@inferometer/core';
import { z } from 'zod';

/** Languages that nicknames are made in. */
export const languages = ['en', 'ko'] as const;
export type Language = (typeof languages)[number];

/** A word with its form in each language. */
export type Word = { readonly id: string } & Readonly<Record<Language, string>>;

export interface WordLists {
  readonly adjectives: readonly Word[];
  readonly animals: readonly Word[];
}

const wordsSchema = z
  .array(z.object({ id: z.string().min(1), en: z.string().min(1), ko: z.string().min(1) }))
  .min(1);

/**
 * Reads `adjectives.json` and `animals.json` beside a model.
 * @returns undefined if the directory has neither: the model makes no nicknames
 * @throws {InferometerError} INVALID_MODEL that names the file
 */
export function readWordLists(dir: string): WordLists | undefined {
  const adjectives = read(join(dir, 'adjectives.json'));
  const animals = read(join(dir, 'animals.json'));
  return adjectives && animals ? { adjectives, animals } : undefined;
}

function read(file: string): Word[] | undefined {
  try {
    return wordsSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new InferometerError('INVALID_MODEL', `${file} is not a word list: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
