import { existsSync, readFileSync } from 'node:fs';
import test from 'ava';

const ROOT = new URL('../', import.meta.url);
const PAGE = 'docs/security/advisories.md';

function read(path: string): string {
  return readFileSync(new URL(path, ROOT), 'utf8');
}

/** The cells of each row of the tables whose first column has this name. */
function rows(page: string, first: string): string[][] {
  const found: string[][] = [];
  let isWanted = false;
  for (const line of page.split('\n')) {
    if (!line.startsWith('| ')) isWanted = false;
    else if (line.startsWith(`| ${first} | `) || (first === '' && /^\| {1,2}\| file \|/.test(line))) isWanted = true;
    else if (isWanted && !line.startsWith('| ---')) found.push(line.slice(2, -2).split(' | '));
  }
  return found;
}

const page = read(PAGE);
const all = rows(page, 'advisory');
const judged = all.filter((cells) => !/^`<=? [\d.]+`$/.test(cells[3] ?? ''));
const dependencies = all.filter((cells) => !judged.includes(cells));
const named = new Map(
  rows(page, '').map(([id = '', file = '', title = '']) => [id, { file, title: title.replace(/^`+|`+$/g, '') }]),
);

/** The ids of the advisories of a row, with the addresses that they link to. */
function idsOf([cell = '']: readonly string[]): (readonly [id: string, link: string])[] {
  return [...cell.matchAll(/\[([\w-]+)\]\(([^)]+)\)/g)].map(([, id = '', link = '']) => [id, link] as const);
}

const FORM = /^(?:CVE-20\d\d-\d{4,6}|GHSA(?:-[23456789cfghjmpqrvwx]{4}){3}|GO-20\d\d-\d{4})$/;

test('each advisory stands on the page once, under an id that is one, and is linked', (t) => {
  t.true(judged.length > 100 && dependencies.length > 10, `${judged.length} ${dependencies.length}`);
  const seen = new Set<string>();
  for (const row of all) {
    const ids = idsOf(row);
    t.true(ids.length > 0, row.join());
    for (const [id, link] of ids) {
      t.regex(id, FORM);
      t.true(link.endsWith(id), link);
      t.false(seen.has(id), id);
      seen.add(id);
    }
  }
});

test('each row has a date within the three years, says how the gateway stands, and has a test where it applies', (t) => {
  for (const row of judged) {
    const [id = '', from = '', , here = '', tests = ''] = row;
    t.regex(from, /, ~?(?:2023-1[12]|202[456]-(?:0[1-9]|1[0-2]))(?:-\d\d)?$/, id);
    t.regex(here, /^(?:no|yes|of the kind): ./, id);
    if (!here.startsWith('no: ')) t.not(tests, '-', id);
    for (const name of tests === '-' ? [] : tests.split(', ')) t.true(named.has(name), `${id} ${name}`);
  }
});

test('each test that the page names exists in its file, and belongs to a row', (t) => {
  const used = new Set(judged.flatMap(([, , , , tests = '']) => tests.split(', ')));
  for (const [id, { file, title }] of named) {
    t.true(used.has(id), id);
    t.true(existsSync(new URL(file, ROOT)), file);
    const source = existsSync(new URL(file, ROOT)) ? read(file) : '';
    t.true(
      ["'", '"', '`'].some((quote) => source.includes(quote + title + quote)),
      `${file} has no test "${title}"`,
    );
  }
});

/** Negative where the first version comes before the second. */
function compared(one: string, other: string): number {
  const [a, b] = [one, other].map((version) => version.split('.').map(Number));
  return [0, 1, 2].map((i) => (a?.[i] ?? 0) - (b?.[i] ?? 0)).find((difference) => difference !== 0) ?? 0;
}

test('the installed versions of the page are those of package-lock.json, and outside of what is affected', (t) => {
  const { packages } = JSON.parse(read('package-lock.json')) as { packages: Record<string, { version: string }> };
  for (const [id = '', name = '', , affected = '', installed = ''] of dependencies) {
    t.is(packages[`node_modules/${name}`]?.version, installed, `${id} ${name}`);
    const [, sign = '', bound = ''] = /^`(<=?) ([\d.]+)`$/.exec(affected) ?? [];
    const difference = compared(installed, bound);
    t.true(sign === '<' ? difference >= 0 : difference > 0, `${id}: ${name} ${installed} is ${affected}`);
  }
});
