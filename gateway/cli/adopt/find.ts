import { OperatorError } from '../../domain/errors.ts';
import type { Settings } from '../../settings/schema/settings.ts';
import { quotedTable } from '../../stores/accounts/table-columns.ts';
import type { CatalogTable } from '../../stores/catalog/catalog.ts';
import { readCatalog } from '../../stores/catalog/catalog.ts';
import type { Database } from '../../stores/database/connection.ts';
import { noneIfRejected } from '../../stores/database/failure.ts';
import { type Candidate, candidatesIn, type ProposedLogin } from './candidates.ts';
import { type Examined, examine } from './evidence.ts';
import { type FoundIdForm, idFormOf } from './id-form.ts';
import type { ProposedGroups } from './memberships.ts';
import { type ProposedAccounts, proposalYaml, settingsOf } from './proposal.ts';

/** A table of users that was found, with the section of the configuration for it. */
export interface Found {
  readonly candidate: Candidate;
  readonly examined: Examined;
  /** null: the ids are no bytes, or cannot be read. */
  readonly idForm: FoundIdForm | null;
  readonly accounts: ProposedAccounts;
  readonly yaml: string;
  /** The settings with this section; null: the gateway does not take it, and `examined` says why. */
  readonly settings: Settings | null;
}

/** What a search has seen. */
export interface Search {
  /** All tables and views that this user may know of. */
  readonly tables: readonly CatalogTable[];
  /** The most likely first. */
  readonly found: readonly Found[];
}

/** Of a table that is named like one of users, or has hashes, or is a framework's. */
const LEAST_RANK = 10;
/** Candidates whose rows are read. */
const MOST_EXAMINED = 20;

/**
 * Searches a database for tables of users. Reads only.
 *
 * @param schema null: where the database looks by itself; on PostgreSQL all schemas
 * @param quote quotes a name of this kind of database
 * @throws GatewayError when the database does not answer
 */
export async function findAccounts(
  database: Database,
  schema: string | null,
  quote: (name: string) => string,
): Promise<Search> {
  const tables = await readCatalog(database, schema);
  const candidates = candidatesIn(tables, quote).slice(0, MOST_EXAMINED);
  const found: Found[] = [];
  for (const candidate of candidates) found.push(await foundFor(database, candidate));
  const ranked = found.sort((a, b) => rankOf(b) - rankOf(a));
  // Of several columns of passwords in one table, the one with hashes.
  const best = ranked.filter(
    ({ candidate: { table } }, index) => ranked.findIndex((one) => one.candidate.table === table) === index,
  );
  return { tables, found: best.filter((one) => rankOf(one) >= LEAST_RANK) };
}

async function foundFor(database: Database, candidate: Candidate): Promise<Found> {
  const { table, id } = candidate;
  const idForm = table.isReadable ? await idFormOf(database, nameOf(table), id.name).catch(nullIfUnusable) : null;
  const accounts = await proposalFor(database, candidate, idForm);
  const yaml = proposalYaml(accounts);
  const settings = settingsOf(yaml);
  const own = { candidate, idForm, accounts, yaml };
  if (typeof settings === 'string') return { ...own, settings: null, examined: { kind: 'refused', reason: settings } };
  if (!candidate.table.isReadable) {
    return { ...own, settings, examined: { kind: 'refused', reason: 'this user may not read it' } };
  }
  return { ...own, settings, examined: await examine(database, settings.accounts) };
}

function rankOf({ candidate, examined }: Found): number {
  if (examined.kind === 'refused') return candidate.rank / 2;
  const { read, verifiable } = examined.evidence;
  // Text that is no hash counts against a table, since many tables have a column named `password`.
  return candidate.rank + (read === 0 ? 0 : verifiable === 0 ? -10 : 5 + (40 * verifiable) / read);
}

async function proposalFor(
  database: Database,
  { table, id, login, password, confirmation, groups }: Candidate,
  idForm: FoundIdForm | null,
): Promise<ProposedAccounts> {
  return {
    table: nameOf(table),
    columns: {
      id: idForm === null ? id.name : { name: id.name, as: idForm.form },
      ...loginColumnsOf(login),
      password: password.name,
      ...('column' in confirmation && { confirmed: confirmation.column }),
      ...(groups?.kind === 'column' && { groups: groups.column }),
    },
    ...('expression' in confirmation && { confirmedWhen: confirmation.expression }),
    ...(groups?.kind === 'table' && { groups: await membershipsFor(database, groups) }),
  };
}

function loginColumnsOf(login: ProposedLogin) {
  if (login.by === 'email') return { email: login.email.name };
  return { login: login.login.name, ...(login.email !== null && { email: login.email.name }) };
}

/** A table that the gateway cannot read is proposed as far as it is known; `examine` says what is wrong with it. */
function nullIfUnusable(error: unknown): null {
  if (error instanceof OperatorError) return null;
  throw error;
}

type Memberships = Extract<ProposedGroups, { kind: 'table' }>;

async function membershipsFor(
  database: Database,
  groups: Memberships,
): Promise<NonNullable<ProposedAccounts['groups']>> {
  const { table, account, name, model, hasGuards } = groups;
  const own = { table: nameOf(table), account };
  const where = model === null ? {} : { where: { [model]: await modelOf(database, table, model) } };
  if (typeof name === 'string') return { ...own, name, ...where };
  const names = { table: nameOf(name.table), id: name.id, name: name.name };
  return {
    ...own,
    group: name.group,
    names: { ...names, ...(hasGuards && { where: { guard_name: 'web' } }) },
    ...where,
  };
}

/** The class of the users among the models that share a table (spatie/laravel-permission). */
async function modelOf({ kind, sql, query }: Database, table: CatalogTable, column: string): Promise<string> {
  const rows = sql
    .from(sql.raw(quotedTable({ kind }, nameOf(table))))
    .distinct({ model: column })
    .limit(20);
  const models: { model: unknown }[] = await query(rows).catch(noneIfRejected);
  const names = models.map(({ model }) => model).filter((name) => typeof name === 'string');
  return names.find((name) => /(?:^|\\)User$/i.test(name)) ?? names[0] ?? 'App\\Models\\User';
}

/** As a configuration names the table. */
export function nameOf({ schema, name }: Pick<CatalogTable, 'schema' | 'name'>): string {
  const part = (text: string) => (TABLE_PART.test(text) ? text : `"${text.replaceAll('"', '""')}"`);
  return schema === null ? part(name) : `${part(schema)}.${part(name)}`;
}

/** Names that need no quotes in a configuration. */
const TABLE_PART = /^[\p{L}\p{N}_$-]{1,64}$/u;
