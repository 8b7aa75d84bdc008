import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';

const ROOT = fileURLToPath(new URL('../', import.meta.url));

/** The pages for people, by their paths in the repository. */
function pages(): string[] {
  const inFolder = (folder: string, recursive: boolean) =>
    readdirSync(join(ROOT, folder), { recursive, encoding: 'utf8' }).map((file) => join(folder, file));
  return [...inFolder('.', false), ...inFolder('docs', true), ...inFolder('bench', false)].filter((file) =>
    file.endsWith('.md'),
  );
}

/** The text without code, in which brackets are no links. */
function proseOf(page: string): string {
  const text = readFileSync(join(ROOT, page), 'utf8');
  return text
    .replaceAll(/^ *```.*\n(?:.*\n)*? *```$/gm, '')
    .replaceAll(/``.+?``|`[^`\n]*`/g, (code) => (code.includes('](') ? '' : code));
}

/** The anchors of the headings, as GitHub makes them. */
function anchorsOf(page: string): Set<string> {
  const headings = proseOf(page).matchAll(/^#+ (.*)$/gm);
  const anchors = new Set<string>();
  for (const [, heading = ''] of headings) {
    const text = heading.replaceAll(/\[(.*?)\]\(.*?\)/g, '$1').toLowerCase();
    const anchor = text.replaceAll(/[^\p{L}\p{N}_ -]/gu, '').replaceAll(' ', '-');
    let unique = anchor;
    for (let n = 1; anchors.has(unique); n++) unique = `${anchor}-${n}`;
    anchors.add(unique);
  }
  return anchors;
}

/** The links of a page to files of the repository: the path from its root, and the anchor. */
function linksOf(
  page: string,
): { readonly link: string; readonly target: string; readonly anchor: string | undefined }[] {
  const links = [...proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
  return links
    .filter((link) => !/^[a-z]+:/.test(link))
    .map((link) => {
      const [file = '', anchor] = link.split('#');
      return { link, target: file === '' ? page : join(dirname(page), file), anchor };
    });
}

test('every link between the pages leads to a file and a heading that exist', (t) => {
  for (const page of pages()) {
    for (const { link, target, anchor } of linksOf(page)) {
      t.true(existsSync(join(ROOT, target)), `${page}: ${link}`);
      if (anchor !== undefined && target.endsWith('.md')) {
        t.true(anchorsOf(target).has(anchor), `${page}: there is no heading for ${link}`);
      }
    }
  }
});

test('every page of the documentation is found from its table of contents, in two steps at most', (t) => {
  const contents = join('docs', 'README.md');
  const first = new Set(linksOf(contents).map(({ target }) => target));
  const reached = new Set([contents, ...first]);
  for (const page of first) {
    if (page.endsWith('.md')) for (const { target } of linksOf(page)) reached.add(target);
  }
  t.deepEqual(
    pages().filter((page) => page.startsWith('docs/') && !reached.has(page)),
    [],
  );
});
