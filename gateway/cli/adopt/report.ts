import { visibleLine } from '../../domain/visible-text.ts';
import { type AccountsReport, type Emails, indented, reportJson, reportText } from '../accounts/report.ts';
import { alignedTable } from '../table.ts';
import type { Candidate } from './candidates.ts';
import { type Found, nameOf, type Search } from './find.ts';
import type { FoundIdForm } from './id-form.ts';

/** What `adopt` has found, and the check of the first proposal. */
export interface AdoptReport {
  /** Without user and password. */
  readonly database: string;
  readonly search: Search;
  /** null: there is no proposal that can be checked. A text: why it could not be checked. */
  readonly check: AccountsReport | string | null;
}

const MOST_SHOWN = 5;

/** Of the tables that were found, those for which a configuration can be proposed. */
export function usable({ found }: Search): readonly Found[] {
  return found.filter(({ settings, examined }) => settings !== null && examined.kind === 'read');
}

export function adoptJson({ database, search, check }: AdoptReport, emails: Emails) {
  return {
    database,
    tables: search.tables.length,
    candidates: search.found.map((found) => {
      const { candidate, examined, accounts, yaml } = found;
      return {
        table: nameOf(candidate.table),
        framework: candidate.framework?.name ?? null,
        usable: usable(search).includes(found),
        because: becauseOf(found).map(([what, text]) => `${what}: ${text}`),
        hashes: examined.kind === 'read' ? examined.evidence.forms.map(([form, count]) => ({ form, count })) : [],
        refused: examined.kind === 'refused' ? examined.reason : null,
        accounts,
        yaml,
      };
    }),
    check: check === null || typeof check === 'string' ? null : reportJson(check, emails),
    problem: typeof check === 'string' ? check : null,
  };
}

/**
 * For a person: a configuration in which everything but the first proposal is a comment, so that all of it can be pasted.
 */
export function adoptText(report: AdoptReport, emails: Emails): string {
  const { database, search, check } = report;
  const [first, ...others] = usable(search);
  const refused = search.found.filter((found) => !usable(search).includes(found));
  const parts = [
    `# ${visibleLine(database)}: ${search.found.length} of ${search.tables.length} tables and views may have users.\n`,
  ];
  if (first !== undefined) parts.push(`${proposalText(first, '1. ')}${commented(checkText(check, emails))}`);
  for (const [index, found] of others.slice(0, MOST_SHOWN - 1).entries()) {
    parts.push(commented(`${explanation(found, `${index + 2}. `)}${found.yaml}`));
  }
  for (const found of refused.slice(0, MOST_SHOWN)) parts.push(commented(explanation(found, 'Not usable: ')));
  return parts.join('#\n');
}

/** The section of the configuration, with the reasons for it as a comment. @param before precedes the name of the table */
export function proposalText(found: Found, before: string): string {
  return `${commented(explanation(found, before))}${found.yaml}`;
}

function checkText(check: AdoptReport['check'], emails: Emails): string {
  if (check === null) return '';
  const text = typeof check === 'string' ? `${visibleLine(check)}\n` : reportText(check, emails);
  return `\nThe result of gatehouse check --accounts with it:\n${indented(text)}`;
}

function explanation(found: Found, before: string): string {
  const { candidate } = found;
  const origin =
    candidate.framework === null ? 'of no framework that is known' : `looks like ${candidate.framework.name}`;
  return `${visibleLine(`${before}${nameOf(candidate.table)}, ${origin}`)}\n${indented(alignedTable(becauseOf(found)))}`;
}

/** Why a table was taken, and what the operator must know about it. */
function becauseOf({ candidate, examined, idForm }: Found): [what: string, text: string][] {
  const { framework, signature, groups, id, login, password } = candidate;
  const logins = login.by === 'email' ? [login.email] : [login.login, login.email ?? []].flat();
  const columns = [...new Set([...signature, ...[id, ...logins, password].map(({ name }) => name)])];
  const because: [string, string][] = [['columns', columns.join(', ')]];
  if (examined.kind === 'refused') because.push(['refused', examined.reason]);
  else {
    const { read, forms } = examined.evidence;
    const counts = forms.map(([form, count]) => `${count} × ${form}`).join(', ');
    because.push(['hashes', read === 0 ? 'no row has one' : `of ${read}: ${counts}`]);
  }
  because.push(['login', loginText(candidate)]);
  if (groups?.kind === 'table') because.push(['groups', `in ${nameOf(groups.table)}, by ${groups.account}`]);
  if (groups?.kind === 'column') because.push(['groups', `in the column ${groups.column}`]);
  if ('expression' in candidate.confirmation && candidate.confirmation.expression === '1 = 1') {
    because.push(['note', 'no column says who is confirmed, so everyone is']);
  }
  if (idForm !== null) because.push(['note', idFormText(id.name, idForm)]);
  if (framework?.note !== undefined) because.push(['note', framework.note]);
  return because;
}

function loginText({ login, framework }: Candidate): string {
  if (login.by === 'email') return `by the email, ${login.email.name}`;
  const { login: own, email } = login;
  const chosen = `by ${own.name}${framework?.login === undefined ? '' : `, as in ${framework.name}`}, exactly as it is stored`;
  if (email === null) return `${chosen}; there is no column of emails`;
  return `${chosen}; by the email instead: leave out login; by either: login: [${own.name}, ${email.name}]`;
}

function idFormText(name: string, { form, isCertain }: FoundIdForm): string {
  const chosen = `${name} has bytes, read as ${form}`;
  if (isCertain) return `${chosen}; if the application shows other ids, see docs/adopting.md`;
  return `${chosen}, which is a guess: the ids do not tell the order of their bytes. Compare one with what the application shows; docs/adopting.md has the other orders`;
}

function commented(text: string): string {
  const lines = text.replace(/\n$/, '').split('\n');
  return lines.map((line) => (line === '' ? '#\n' : `# ${line}\n`)).join('');
}
