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

/** A table that may have the users, judged by names alone. */
export interface Candidate {
  readonly table: CatalogTable;
  /** null: none was recognised. */
  readonly framework: Framework | null;
  readonly id: CatalogColumn;
  /** The column that holds what users log in with. */
  readonly email: CatalogColumn;
  /** Another column with which the users of this framework log in; null: none. */
  readonly login: CatalogColumn | null;
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
  const login = columns.first(framework?.login ?? LOGINS);
  const email = columns.first(EMAILS) ?? login;
  const id = idOf(table, columns);
  if (email === null || id === null) return [];
  const passwords = columns.every(PASSWORDS).filter((column) => valueKind(column) === 'text');
  const name = plainName(table.name);
  const rank = (framework === null ? 0 : 40) + (USERS_TABLE.test(name) ? 20 : 0) - (COPIES.test(name) ? 30 : 0);
  const others = {
    table,
    framework,
    id,
    email,
    login: framework?.login === undefined || login === email ? null : login,
    confirmation: proposedConfirmation(columns, framework, quote),
    groups: proposedGroups(table, id.name, tables),
    signature: signatureOf(columns, framework),
  };
  return passwords.map((password, index) => ({ ...others, password, rank: rank - index }));
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
