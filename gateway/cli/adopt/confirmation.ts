import type { CatalogColumn } from '../../stores/catalog/catalog-row.ts';
import { type NamedColumns, valueKind } from './columns.ts';
import type { Framework } from './frameworks.ts';

/** The part of `accounts` that says who is confirmed. */
export type ProposedConfirmation = { readonly column: string } | { readonly expression: string };

const VERIFIED: readonly string[] = [
  ...['confirmedat', 'emailverifiedat', 'emailconfirmedat', 'verifiedat', 'emailconfirmed', 'emailverified'],
  ...['isemailverified', 'isverified', 'isconfirmed', 'confirmed', 'verified', 'activatedat', 'activated'],
];
const ACTIVE: readonly string[] = ['isactive', 'active', 'isenabled', 'enabled'];
const ENDED: readonly string[] = [
  ...['deletedat', 'isdeleted', 'deleted', 'discardedat', 'archivedat', 'disabledat', 'isdisabled', 'disabled'],
  ...['bannedat', 'isbanned', 'banned', 'blockedat', 'isblocked', 'blocked', 'suspendedat', 'issuspended', 'suspended'],
  ...['lockedat', 'islocked', 'locked', 'accountlocked', 'deactivatedat'],
];
const STATES: readonly string[] = ['status', 'state', 'accountstatus', 'userstatus'];

/** Names that a database takes without quotes, in whatever case it folds them to. */
const PLAIN = /^[a-z_][a-z0-9_]*$/;

/**
 * Who is confirmed, by the columns of a table. A user that the application has deleted, blocked or not yet activated must not
 * be let in, so all such columns count.
 *
 * @param framework null: none was recognised
 * @param quote quotes a name
 */
export function proposedConfirmation(
  columns: NamedColumns,
  framework: Framework | null,
  quote: (name: string) => string,
): ProposedConfirmation {
  const verified = columns.every(VERIFIED).slice(0, 1);
  const positive =
    framework?.positive === undefined
      ? [...verified, ...columns.every(ACTIVE).slice(0, 1)]
      : columns.every(framework.positive);
  const negative = columns.every(framework?.negative ?? ENDED);
  const [only] = positive;
  const state = framework?.positive === undefined ? columns.first(STATES) : null;
  const hasState = state !== null && valueKind(state) === 'text';
  if (only !== undefined && positive.length === 1 && negative.length === 0 && !hasState) return { column: only.name };
  const name = (column: CatalogColumn) => (PLAIN.test(column.name) ? column.name : quote(column.name));
  const conditions = [
    ...positive.map((column) => isTrue(name(column), column)),
    ...(hasState ? [`${name(state)} = 'active'`] : []),
    ...negative.map((column) => isFalse(name(column), column)),
  ];
  return { expression: conditions.length === 0 ? '1 = 1' : conditions.join(' and ') };
}

function isTrue(name: string, column: CatalogColumn): string {
  switch (valueKind(column)) {
    case 'moment':
      return `${name} is not null`;
    case 'boolean':
      return name;
    case 'number':
      return `${name} <> 0`;
    case 'text':
      return `${name} in ('1', 't', 'true', 'y', 'yes')`;
  }
}

function isFalse(name: string, column: CatalogColumn): string {
  switch (valueKind(column)) {
    case 'moment':
      return `${name} is null`;
    case 'boolean':
      return `not coalesce(${name}, false)`;
    case 'number':
      return `coalesce(${name}, 0) = 0`;
    case 'text':
      return `coalesce(${name}, '') in ('', '0', 'f', 'false', 'n', 'no')`;
  }
}
