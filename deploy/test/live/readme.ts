import { readFile } from 'node:fs/promises';

/** The text of deploy/README.md. */
export function readReadme(): Promise<string> {
  return readFile(new URL('../../README.md', import.meta.url), 'utf8');
}

/** What its code blocks of a language hold. @throws {Error} if there are none */
export async function readmeBlocks(language: string): Promise<string[]> {
  return codeBlocks(await readReadme(), language);
}

/** What the code blocks of a language hold in a page. @throws {Error} if there are none */
export function codeBlocks(page: string, language: string): string[] {
  const blocks = [...page.matchAll(/^```(\w+)\n(.*?)^```$/gms)]
    .filter(([, name]) => name === language)
    .map(([, , text]) => text as string);
  if (blocks.length === 0) throw new Error(`the page has no ${language} blocks`);
  return blocks;
}
