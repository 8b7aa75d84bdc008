import type { CatalogTable } from '../../stores/catalog/catalog.ts';
import type { CatalogColumn } from '../../stores/catalog/catalog-row.ts';
import {
  EMAILS,
  IDS,
  LOGINS,
  type NamedColumns,
  namedColumns,
  PASSWORDS,
  plainName,
  USERS_TABLE,
  valueKind,
} from './columns.ts';
import { type ProposedConfirmation, proposedConfirmation } from './confirmation.ts';
import { FRAMEWORKS, type Framework } from './frameworks.ts';
import { type ProposedGroups, proposedGroups } from './memberships.ts';

/** What account owners log in with. */
export type ProposedLogin =
  | { readonly by: 'email'; readonly email: CatalogColumn }
  | { readonly by: 'login'; readonly login: CatalogColumn; readonly email: CatalogColumn | null };

/** A table that may have the users, judged by names alone. */
export interface Candidate {
  readonly table: CatalogTable;
  /** null: none was recognised. */
  readonly framework: Framework | null;
  readonly id: CatalogColumn;
  readonly login: ProposedLogin;
  readonly password: CatalogColumn;
  readonly confirmation: ProposedConfirmation;
  readonly groups: ProposedGroups | null;
  /** The columns that the framework was recognised by. */
  readonly signature: readonly string[];
  /** Higher: more likely the table of the users. */
  readonly rank: number;
}

/** Tables that keep copies of users or of passwords. */
const COPIES = /(?:history|histories|archive|backup|audit|log|reset|resets|old|tmp|temp|import)s?$/;
/** Tables of the few who administer the application, beside that of its users. */
const ADMINISTRATORS = /admin|staff|superuser/;

/** The candidates of a database, the most likely first: several of one table where it has several columns of passwords. */
export function candidatesIn(tables: readonly CatalogTable[], quote: (name: string) => string) {
  return tables
    .flatMap((table) => candidatesOf(table, tables, quote))
    .sort((a, b) => b.rank - a.rank || a.table.name.localeCompare(b.table.name));
}

function candidatesOf(
  table: CatalogTable,
  tables: readonly CatalogTable[],
  quote: (name: string) => string,
): Candidate[] {
  const columns = namedColumns(table);
  const framework = frameworkOf(table, columns);
  const login = loginOf(columns, framework);
  const id = idOf(table, columns);
  if (login === null || id === null) return [];
  const passwords = columns.every(PASSWORDS).filter((column) => valueKind(column) === 'text');
  const others = {
    table,
    framework,
    id,
    login,
    confirmation: proposedConfirmation(columns, framework, quote),
    groups: proposedGroups(table, id.name, tables),
    signature: signatureOf(columns, framework),
  };
  const rank = rankOf(plainName(table.name), framework);
  return passwords.map((password, index) => ({ ...others, password, rank: rank - index }));
}

/** @param name as `plainName` writes it */
function rankOf(name: string, framework: Framework | null): number {
  return (
    (framework === null ? 0 : 20 + 10 * Math.min(3, distinctivenessOf(framework))) +
    (USERS_TABLE.test(name) ? 20 : 0) -
    (ADMINISTRATORS.test(name) ? 5 : 0) -
    (COPIES.test(name) ? 30 : 0)
  );
}

/** How many columns a framework is recognised by: many tables have one such as `password_digest` by chance. */
function distinctivenessOf({ columns, oneOf, exact = [] }: Framework): number {
  return columns.length + exact.length + (oneOf === undefined ? 0 : 1);
}

/** What the framework lets its users log in with, or else the email, or else whatever names them. */
function loginOf(columns: NamedColumns, framework: Framework | null): ProposedLogin | null {
  const email = columns.first(EMAILS);
  const login = columns.first([...(framework?.login ?? []), ...(email === null ? LOGINS : [])]);
  if (login !== null) return { by: 'login', login, email };
  return email === null ? null : { by: 'email', email };
}

function frameworkOf(table: CatalogTable, columns: NamedColumns): Framework | null {
  const name = plainName(table.name);
  const spelled = table.columns.map((column) => column.name);
  const fits = ({ table: names, columns: needed, oneOf, exact = [] }: Framework) =>
    (names === undefined || names.test(name)) &&
    columns.has(...needed) &&
    exact.every((column) => spelled.includes(column)) &&
    (oneOf === undefined || columns.first(oneOf) !== null);
  return FRAMEWORKS.find(fits) ?? null;
}

function signatureOf(columns: NamedColumns, framework: Framework | null): string[] {
  if (framework === null) return [];
  const { columns: needed, oneOf = [] } = framework;
  return columns.every([...needed, ...oneOf]).map(({ name }) => name);
}

/** The only column of the primary key; or, as in a view, a column that is named like an id. */
function idOf(table: CatalogTable, columns: NamedColumns): CatalogColumn | null {
  const [key, another] = table.key;
  if (key !== undefined && another === undefined) return columns.all.find(({ name }) => name === key) ?? null;
  const singular = plainName(table.name).replace(/s$/, '');
  return columns.first([...IDS, `${singular}id`]);
}
