import { readdirSync, readFileSync } from 'node:fs';
import { checkSettings } from '../../../../gateway/settings/read/check.ts';
import type { Settings } from '../../../../gateway/settings/schema/settings.ts';
import type { Database } from '../../../../gateway/stores/database/connection.ts';
import type { DatabaseKind } from '../../../lab/stores/database.ts';

const PAGES = new URL('../../../../docs/adopting/', import.meta.url);

/** The names of the pages, such as `django`. */
export function pageNames(): string[] {
  return readdirSync(PAGES).map((file) => file.replace(/\.md$/, ''));
}

/** A page of docs/adopting: its code blocks in their order. */
export interface Page {
  /** Each is a section `accounts`. */
  readonly yaml: readonly string[];
  readonly sql: readonly { readonly kind: DatabaseKind; readonly text: string }[];
}

export function pageNamed(name: string): Page {
  const text = readFileSync(new URL(`${name}.md`, PAGES), 'utf8');
  const blocks = [...text.matchAll(/^```(.*)\n((?:.*\n)*?)```$/gm)].map(([, info = '', block = '']) => ({
    info,
    block,
  }));
  return {
    yaml: blocks.filter(({ info }) => info === 'yaml').map(({ block }) => block),
    sql: blocks
      .filter(({ info }) => info.startsWith('sql'))
      .map(({ info, block }) => ({ kind: info.replace(/^sql /, '') as DatabaseKind, text: block })),
  };
}

/** @param yaml the section `accounts` of a page @throws Error with the problems that `check` would print */
export function accountsIn(yaml: string): Settings['accounts'] {
  const routes = 'routes: [{ name: o, path: /api/v1/o, upstream: http://127.0.0.1:9 }]\n';
  const checked = checkSettings(`${yaml}${routes}`, 'page.md', {});
  if (checked.kind === 'invalid') throw new Error(JSON.stringify(checked.problems));
  return checked.settings.accounts;
}

/** Makes the tables of a framework with its users: `frameworks/NAME.KIND.sql`. */
export async function makeTables(name: string, database: Database): Promise<void> {
  const file = new URL(`${name}.${database.kind}.sql`, import.meta.url);
  await runAll(readFileSync(file, 'utf8'), database);
}

/** Runs statements that each end with a semicolon at the end of a line. */
export async function runAll(text: string, { sql }: Database): Promise<void> {
  // A question mark would be a placeholder of knex.
  for (const statement of text.split(/;\n/)) {
    if (statement.trim() !== '') await sql.raw(statement.replaceAll('?', '\\?'));
  }
}
