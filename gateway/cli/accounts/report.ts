import { visibleLine } from '../../domain/visible-text.ts';
import { alignedTable } from '../table.ts';
import type { GroupsReview } from './groups.ts';
import { groupsText } from './groups.ts';
import type { LookUp } from './look-up.ts';
import type { Obstacle, Review } from './review.ts';
import type { Example } from './tally.ts';

/** All that `check --accounts` tells about a table. */
export interface AccountsReport {
  /** `table` or `schema.table`. */
  readonly table: string;
  /** The rows of the table when only a sample was read; null: all were read. */
  readonly sampledOf: number | null;
  readonly review: Review;
  /** Milliseconds of a first login, for each form of `review.forms`; null: not measured. */
  readonly loginTimes: readonly (number | null)[];
  /** What the operator should know of the hashes. */
  readonly notes: readonly string[];
  readonly groups: GroupsReview;
  /** By each login; empty: the gateway's own table, or the database does not tell. */
  readonly lookUps: readonly LookUp[];
  /** What this user may do on the table beside reading it; null: the gateway's own table, or SQLite. */
  readonly rights: readonly string[] | null;
}

/** Whether examples are shown with their emails. */
export type Emails = 'shown' | 'hidden';

/** The report for programs; docs/commands.md describes it. */
export function reportJson(report: AccountsReport, emails: Emails) {
  const { table, sampledOf, review, loginTimes, notes, groups, lookUps, rights } = report;
  const examplesOf = (examples: readonly Example[]) => ({
    ids: examples.map(({ id }) => id),
    ...(emails === 'shown' && { emails: examples.map(({ email }) => email) }),
  });
  const { canLogIn, unconfirmed, duplicates } = review;
  return {
    table,
    rows: review.rows,
    sampled_of: sampledOf,
    can_log_in: canLogIn.count,
    unconfirmed: unconfirmed.count,
    never: review.never,
    examples: { can_log_in: examplesOf(canLogIn.examples), unconfirmed: examplesOf(unconfirmed.examples) },
    formats: review.forms.map(({ format, parameters, looksLike, count }, index) => {
      return { format, parameters, looks_like: looksLike, count, login_ms: loginTimes[index] ?? null };
    }),
    notes,
    obstacles: review.obstacles.map(({ reason, count, examples }) => ({ reason, count, ...examplesOf(examples) })),
    unusable_logins: review.unusable.map(({ reason, count, examples }) => ({ reason, count, ...examplesOf(examples) })),
    duplicate_logins: {
      logins: duplicates.logins,
      rows: duplicates.rows,
      examples: duplicates.examples.map(examplesOf),
    },
    confirmation: review.confirmation,
    look_ups: lookUps.map(lookUpJson),
    rights_beyond_select: rights,
    ...groups,
  };
}

function lookUpJson({ login, collation, indexes, isFullScan, milliseconds, advice }: LookUp) {
  return { login, collation, indexes, full_scan: isFullScan, ms: milliseconds, advice };
}

/** The report for a person at a terminal. */
export function reportText(report: AccountsReport, emails: Emails): string {
  const { review, notes, groups } = report;
  return [
    titleOf(report),
    outcomeText(review, emails),
    formsText(report),
    section(
      'Notes on these hashes',
      notes.map((note) => [note]),
    ),
    obstaclesText('Why rows can never log in', review.obstacles, emails),
    obstaclesText('Logins that do not work, of rows that have another', review.unusable, emails),
    duplicatesText(review, emails),
    confirmationText(review),
    lookUpText(report),
    rightsText(report),
    ...groupsText(groups).map((text) => `Groups\n${indented(text)}`),
  ]
    .filter((part) => part !== '')
    .join('\n');
}

function titleOf({ table: name, sampledOf, review }: AccountsReport): string {
  const table = visibleLine(name);
  const rows = `${review.rows} ${review.rows === 1 ? 'row' : 'rows'}`;
  if (sampledOf === null) return `${table}: all ${rows} read\n`;
  return `${table}: a sample of ${rows} read, the first and the last by id, of ${sampledOf}; duplicates only within it\n`;
}

function outcomeText({ canLogIn, unconfirmed, never }: Review, emails: Emails): string {
  return alignedTable([
    [String(canLogIn.count), 'can log in'],
    [String(unconfirmed.count), `can log in once confirmed${suffix(unconfirmed.examples, unconfirmed.count, emails)}`],
    [String(never), 'can never log in'],
  ]);
}

function formsText({ review: { forms }, loginTimes }: AccountsReport): string {
  const rows = forms.map(({ format, parameters, looksLike, count }, index) => {
    const time = loginTimes[index];
    const cost = time === null || time === undefined ? '' : `${time < 10 ? time : Math.round(time)} ms`;
    return [String(count), format, parameters, cost, looksLike === null ? '' : `as ${looksLike} write it`];
  });
  return section('Hashes, and the time of a first login on this machine', rows);
}

function obstaclesText(title: string, obstacles: readonly Obstacle[], emails: Emails): string {
  const rows = obstacles.map(({ reason, count, examples }) => [
    String(count),
    `${reason}${suffix(examples, count, emails)}`,
  ]);
  return section(title, rows);
}

function duplicatesText({ duplicates }: Review, emails: Emails): string {
  const { rows, examples } = duplicates;
  const lines = examples.map((same) => [`id ${same.map((example) => shown(example, emails)).join(', ')}`]);
  const title = `Logins that several rows share: ${duplicates.logins}, in ${rows} rows`;
  return section(title, duplicates.logins > examples.length ? [...lines, ['…']] : lines);
}

function confirmationText({ confirmation }: Review): string {
  const rows = confirmation.map(({ value, count, confirmed }) => {
    return [String(count), value, confirmed ? 'confirmed' : 'not confirmed'];
  });
  return section('Values of the confirmation, and how they are read', rows);
}

function lookUpText({ lookUps }: AccountsReport): string {
  const texts = lookUps.map(({ login, indexes, isFullScan, collation, milliseconds, advice }) => {
    // MySQL reads a unique index already to explain, and does not name it when no row has the login.
    const byIndex = indexes.length === 0 ? 'by a unique index' : `by the index ${indexes.join(', ')}`;
    const how = isFullScan ? 'WARNING: each reads the whole table' : byIndex;
    const facts = `${how}; ${collation === null ? '' : `collation ${collation}; `}${milliseconds} ms`;
    const rows = [[facts], ...(advice === null ? [] : [[`to use an index: ${advice}`]])];
    return section(`The look-up by ${login}`, rows);
  });
  return texts.join('\n');
}

function rightsText({ rights, table }: AccountsReport): string {
  if (rights === null || rights.length === 0) return '';
  return section('Rights of this user', [
    [`${rights.join(', ')} on ${table}, beside SELECT: the gateway needs none of them`],
  ]);
}

function section(title: string, rows: readonly (readonly string[])[]): string {
  return rows.length === 0 ? '' : `${title}\n${indented(alignedTable(rows))}`;
}

export function indented(text: string): string {
  return text.replaceAll(/^(?=.)/gm, '  ');
}

function suffix(examples: readonly Example[], count: number, emails: Emails): string {
  if (examples.length === 0) return '';
  const more = count > examples.length ? ', …' : '';
  return `; id ${examples.map((example) => shown(example, emails)).join(', ')}${more}`;
}

/** A text that is long, or not printable ASCII, is shown as JSON. */
function shown({ id, email }: Example, emails: Emails): string {
  const plain = (text: string) => (/^[\x21-\x7e]{1,60}$/.test(text) ? text : JSON.stringify(text.slice(0, 60)));
  return emails === 'shown' && email !== null ? `${plain(id)} (${plain(email)})` : plain(id);
}
