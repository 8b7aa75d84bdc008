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

test('every link between the pages leads to a file and a heading that exist', (t) => {
  for (const page of pages()) {
    for (const [, link = ''] of proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(link)) continue;
      const [file = '', anchor] = link.split('#');
      const target = file === '' ? page : join(dirname(page), file);
      t.true(existsSync(join(ROOT, target)), `${page}: ${link}`);
      if (anchor !== undefined && target.endsWith('.md')) {
        t.true(anchorsOf(target).has(anchor), `${page}: there is no heading for ${link}`);
      }
    }
  }
});
