import { readFileSync } from 'node:fs';
import test from 'ava';
import { foldedName } from '../../gateway/fields/name.ts';
import { LISTED, type Treatment, treatmentOf } from '../../gateway/fields/request.ts';

interface Row {
  readonly names: readonly string[];
  readonly outcome: string;
}

/** The rows of the table "Fields of requests". A name such as `-Proto` is the one before it with another end. */
function documented(): Row[] {
  const text = readFileSync(new URL('../../docs/forwarding.md', import.meta.url), 'utf8');
  const section = text.slice(text.indexOf('## Fields of requests'), text.indexOf('**Look-alikes**'));
  const rows = section.split('\n').filter((line) => line.startsWith('| `'));
  return rows.map((line) => {
    const cells = line.replace(/^\| /, '').split(' | ');
    const names: string[] = [];
    for (const [, name = ''] of (cells[0] ?? '').matchAll(/`([^`]+)`/g)) {
      const before = names.at(-1) ?? '';
      names.push(name.startsWith('-') ? before.slice(0, before.lastIndexOf('-')) + name : name);
    }
    return { names, outcome: cells[1] ?? '' };
  });
}

function isNamedBy(folded: string, name: string): boolean {
  if (!name.endsWith('*')) return foldedName(name) === folded;
  const beginning = foldedName(name);
  return folded === beginning || folded.startsWith(`${beginning}-`);
}

/** How an outcome begins for each treatment that a whole row has in common. */
const BEGINNINGS: Partial<Record<Treatment, RegExp>> = {
  drop: /^(?:dropped, always|written anew|pass where)/,
  trusted: /^dropped; from a trusted peer: pass$/,
  method: /^dropped where the route has `methods`/,
  exact: /^pass, spelled so/,
};

test('every field that the table in the code has is in the table for operators, with what becomes of it', (t) => {
  const rows = documented();
  t.true(rows.length > 10);
  for (const folded of LISTED) {
    // A field by its own name comes before a family that it belongs to.
    const exact = rows.find(({ names }) => names.some((name) => !name.endsWith('*') && isNamedBy(folded, name)));
    const row = exact ?? rows.find(({ names }) => names.some((name) => isNamedBy(folded, name)));
    t.truthy(row, folded);
    const beginning = BEGINNINGS[treatmentOf(folded)];
    if (beginning !== undefined) t.regex(row?.outcome ?? '', beginning, folded);
  }
});

test('every field that the table for operators has is treated so', (t) => {
  for (const { names, outcome } of documented()) {
    for (const name of names.filter((one) => !one.includes('gatehouse'))) {
      const beginning = BEGINNINGS[treatmentOf(foldedName(name.replace(/-?\*$/, '-x')))];
      t.not(treatmentOf(foldedName(name.replace(/-?\*$/, '-x'))), 'pass', name);
      if (beginning !== undefined) t.regex(outcome, beginning, name);
    }
  }
});
