import { Document, isCollection, visit } from 'yaml';
import { hasActing, visibleText } from '../../domain/visible-text.ts';
import { checkSettings } from '../../settings/read/check.ts';
import type { IdForm } from '../../settings/schema/id-form.ts';
import type { Settings } from '../../settings/schema/settings.ts';

/** The columns of logins and emails, at least one of them. */
type ProposedLoginColumns = { readonly email: string } | { readonly login: string; readonly email?: string };

/** The section `accounts` of a configuration, as plain data. */
export interface ProposedAccounts {
  readonly table: string;
  readonly columns: {
    readonly id: string | { readonly name: string; readonly as: IdForm };
    readonly password: string;
    readonly confirmed?: string;
    readonly groups?: string;
  } & ProposedLoginColumns;
  readonly confirmedWhen?: string;
  readonly groups?: {
    readonly table: string;
    readonly account: string;
    readonly name?: string;
    readonly group?: string;
    readonly names?: {
      readonly table: string;
      readonly id: string;
      readonly name: string;
      readonly where?: Readonly<Record<string, string>>;
    };
    readonly where?: Readonly<Record<string, string>>;
  };
}

/** The section as text to paste into a configuration. */
export function proposalYaml(accounts: ProposedAccounts): string {
  const document = new Document({ accounts: withoutReferences(accounts) });
  visit(document, {
    Scalar(_, node) {
      // Such characters can be escaped within double quotes only.
      if (typeof node.value === 'string' && hasActing(node.value)) node.type = 'QUOTE_DOUBLE';
    },
    Map(key, node, path) {
      // The section, its tables of memberships in block style; what is deeper on one line.
      if (path.length > 5 || (key === 'value' && isColumns(path))) node.flow = true;
    },
  });
  return visibleText(document.toString({ lineWidth: 0, flowCollectionPadding: true }));
}

function isColumns(path: readonly unknown[]): boolean {
  const pair = path.at(-1);
  return (
    typeof pair === 'object' &&
    pair !== null &&
    'key' in pair &&
    !isCollection(pair.key) &&
    String(pair.key) === 'columns'
  );
}

/** A text of the database must not be taken for a reference such as `${NAME}`. */
function withoutReferences(value: unknown): unknown {
  if (typeof value === 'string') return value.replaceAll('${', () => '$${');
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withoutReferences(inner)]));
}

/** What a configuration must have beside the section. */
const OTHERS = 'routes: [{ name: proposal, path: /api/v1, upstream: http://127.0.0.1:9 }]\n';

/**
 * Reads the section as `gatehouse check` does.
 *
 * @param yaml of `proposalYaml`
 * @returns the settings, or the problems in one line
 */
export function settingsOf(yaml: string): Settings | string {
  const checked = checkSettings(`${yaml}${OTHERS}`, 'proposal', {}, ['tokens.secrets', 'assertion.keys']);
  if (checked.kind === 'valid') return checked.settings;
  return checked.problems.map(({ key, message }) => `${key} ${message}`).join('; ');
}
