import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ATTR, METRIC, SPAN } from '@inferometer/core';
import { expect, test } from 'vitest';

const repository = fileURLToPath(new URL('../../', import.meta.url));
const read = (path: string) => readFileSync(join(repository, path), 'utf8');
const pages = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'], {
  cwd: repository,
  encoding: 'utf8',
})
  .split('\n')
  .filter((path) => path !== '' && existsSync(join(repository, path)));

test.each(pages)('%s: each link leads to something that is there', (page) => {
  expect(brokenLinks(page, read(page))).toEqual([]);
});

test('links that lead nowhere are found', () => {
  const text = `# A title with \`code\`, twice
# A title with \`code\`, twice
[page](docs/no-such.md) [file](README.md#no-such-part) [here](#a-title-with-code-twice-1) [not](#a-title)
\`\`\`md
[in code](nowhere.md)
\`\`\`
`;
  expect(brokenLinks('x.md', text)).toEqual(['docs/no-such.md', 'README.md#no-such-part', '#a-title']);
});

test('conventions.md says of each name whose it is', () => {
  const named = new Set(
    read('docs/conventions.md')
      .match(/`[\w.]+`/g)
      ?.map((name) => name.slice(1, -1)),
  );
  const names = [...Object.values(METRIC), ...Object.values(SPAN), ...Object.values(ATTR)];
  expect(names.filter((name) => !named.has(name))).toEqual([]);
});

/** Relative links of a page, and links to its own parts, that lead nowhere. */
function brokenLinks(page: string, text: string): string[] {
  const links = [...prose(text).matchAll(/\]\(([^)\s]+)(?:\s+"[^"]*")?\)/g)].map(
    ([, link]) => link as string,
  );
  return links
    .filter((link) => !/^[a-z]+:/.test(link))
    .filter((link) => {
      const [path = '', anchor] = decodeURI(link).split('#');
      const target = path === '' ? page : normalize(join(dirname(page), path));
      const there = join(repository, target);
      if (path !== '' && !existsSync(there)) return true;
      if (anchor === undefined) return false;
      // A folder shows its README.
      if (path !== '' && statSync(there).isDirectory()) {
        return !anchorsOf(read(join(target, 'README.md'))).has(anchor);
      }
      // Lines of code are GitHub's own: #L10.
      if (!target.endsWith('.md')) return !/^L\d+/.test(anchor);
      return !anchorsOf(path === '' ? text : read(target)).has(anchor);
    });
}

/** Without code, which only shows links. */
function prose(text: string): string {
  return text.replaceAll(/^ *(```|~~~)[\s\S]*?^ *\1 *$/gm, '').replaceAll(/`[^`\n]*`/g, 'code');
}

/** Anchors as GitHub makes them of headings. */
function anchorsOf(text: string): ReadonlySet<string> {
  const anchors = new Set<string>();
  const withoutBlocks = text.replaceAll(/^ *(```|~~~)[\s\S]*?^ *\1 *$/gm, '');
  for (const [, heading = ''] of withoutBlocks.matchAll(/^#{1,6} +(.*?) *#*$/gm)) {
    const plain = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
    const anchor = plain.replaceAll(/[^\p{L}\p{N}\p{M}\-_ ]/gu, '').replaceAll(' ', '-');
    let unique = anchor;
    for (let n = 1; anchors.has(unique); n++) unique = `${anchor}-${n}`;
    anchors.add(unique);
  }
  for (const [, id = ''] of withoutBlocks.matchAll(/<a (?:id|name)="([^"]+)"/g)) anchors.add(id);
  return anchors;
}
