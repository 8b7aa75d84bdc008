import { hash } from 'node:crypto';
import { canonicalEmail, isSendableUserId } from '../domain/account.ts';
import { TOKEN_USERS } from '../domain/identity.ts';
import type { HashRules } from '../identify/passwords/hashes/hash-rules.ts';
import { recognise } from '../identify/passwords/hashes/recognise.ts';
import { describeUnknown } from '../identify/passwords/hashes/unknown.ts';
import { isConfirmedValue } from '../stores/accounts/adopted.ts';
import type { AdoptedRow, OpenTable } from '../stores/accounts/adopted-table.ts';
import type { AccountReader } from '../stores/accounts/store.ts';

/** Why rows can never log in. */
export interface Obstacle {
  readonly reason: string;
  readonly count: number;
  /** The first few. */
  readonly ids: readonly string[];
}

/** A summary of a table of accounts. It contains no part of a hash. */
export interface Review {
  readonly rows: number;
  readonly canLogIn: number;
  /** Could log in once they are confirmed. */
  readonly unconfirmed: number;
  readonly never: number;
  /** Of the hashes that can be verified; the most common first. */
  readonly formats: readonly { readonly format: string; readonly parameters: string; readonly count: number }[];
  readonly obstacles: readonly Obstacle[];
}

const IDS_SHOWN = 5;

/**
 * Reads the table twice, a thousand rows at a time, and keeps one number for each row in memory.
 *
 * @throws GatewayError when the database does not answer
 */
export async function reviewAccounts(
  table: OpenTable,
  findByEmail: AccountReader['findByEmail'],
  rules: HashRules,
): Promise<Review> {
  const isShared = await sharedEmails(table);
  const obstacles = new Map<string, { count: number; ids: string[] }>();
  const formats = new Map<string, { format: string; parameters: string; count: number }>();
  const withoutId = await table.countWithoutId();
  if (withoutId > 0) obstacles.set('the id is NULL', { count: withoutId, ids: [] });
  const sharedIds = await table.sharedIds();
  const withSharedId = [...sharedIds.values()].reduce((sum, count) => sum + count, 0);
  if (withSharedId > 0) {
    const ids = [...sharedIds.keys().take(IDS_SHOWN)];
    obstacles.set('another row has the same id', { count: withSharedId, ids });
  }
  const unfit = withoutId + withSharedId;
  const counts = { rows: unfit, canLogIn: 0, unconfirmed: 0, never: unfit };

  for await (const rows of table.chunks()) {
    for (const row of rows) {
      if (row.id !== null && sharedIds.has(row.id)) continue;
      const reasons = [...idProblems(row), ...emailProblems(row), ...hashProblems(row, rules)];
      const isAlone = row.email === null || !isShared(row.email);
      if (reasons.length === 0 && !(await isFound(row, isAlone, findByEmail)))
        reasons.push(isAlone ? 'the look-up does not find the email' : SHARED);
      else if (!isAlone && reasons.length > 0) reasons.push(SHARED);
      for (const reason of reasons) {
        const obstacle = obstacles.get(reason) ?? { count: 0, ids: [] };
        obstacle.count++;
        if (obstacle.ids.length < IDS_SHOWN) obstacle.ids.push(row.id ?? '');
        obstacles.set(reason, obstacle);
      }
      countFormat(formats, row, rules);
      counts.rows++;
      if (reasons.length > 0) counts.never++;
      else if (isConfirmedValue(row.confirmed)) counts.canLogIn++;
      else counts.unconfirmed++;
    }
  }
  return {
    ...counts,
    formats: [...formats.values()].sort((a, b) => b.count - a.count),
    obstacles: [...obstacles].map(([reason, found]) => ({ reason, ...found })).sort((a, b) => b.count - a.count),
  };
}

/** @returns a predicate: whether several rows share the canonical form of an email */
async function sharedEmails(table: OpenTable): Promise<(email: string) => boolean> {
  const seen = new Set<number>();
  const shared = new Set<number>();
  for await (const rows of table.chunks()) {
    for (const { email } of rows) {
      if (email === null) continue;
      const key = keyOf(email);
      if (seen.has(key)) shared.add(key);
      else seen.add(key);
    }
  }
  return (email) => shared.has(keyOf(email));
}

/** A 52-bit hash of an email. With a million emails, the chance of any collision is 1 in 9,000. */
function keyOf(email: string): number {
  const digest = hash('sha256', canonicalEmail(email), 'buffer');
  return digest.readUIntBE(0, 6) * 16 + (digest.readUInt8(6) >> 4);
}

function idProblems({ id }: AdoptedRow): string[] {
  if (id !== null && isSendableUserId(id)) return [];
  return ['the id is empty, longer than 255 bytes, or not printable ASCII, and cannot be sent as X-User-Id'];
}

function emailProblems({ email }: AdoptedRow): string[] {
  if (email === null) return ['the email is NULL'];
  if (email === '') return ['the email is empty'];
  const problems: string[] = [];
  // RFC 7617 section 2.
  if (/[:\p{Cc}]/u.test(email))
    problems.push('the email has a colon or a control character, which HTTP Basic cannot carry');
  if (TOKEN_USERS.has(email.toLowerCase())) problems.push('the email is a user name reserved for tokens');
  return problems;
}

function hashProblems({ password }: AdoptedRow, rules: HashRules): string[] {
  if (password === null) return ['the hash is NULL'];
  const stored = recognise(password, rules);
  if (stored === null) return [describeUnknown(password)];
  return stored.verifiable ? [] : [`the hash is refused: ${stored.format}, ${stored.reason}`];
}

const SHARED = 'another row has the same email, but for case or composition';

/** Looks up only non-ASCII and shared emails: databases and Unicode compare ASCII alike. */
async function isFound(
  { id, email }: AdoptedRow,
  isAlone: boolean,
  findByEmail: AccountReader['findByEmail'],
): Promise<boolean> {
  if (email === null || (isAlone && /^\p{ASCII}*$/u.test(email))) return true;
  return (await findByEmail(email))?.id === id;
}

function countFormat(
  formats: Map<string, { format: string; parameters: string; count: number }>,
  row: AdoptedRow,
  rules: HashRules,
) {
  const stored = row.password === null ? null : recognise(row.password, rules);
  if (!stored?.verifiable) return;
  const { format, parameters } = stored;
  const key = `${format} ${parameters}`;
  const known = formats.get(key) ?? { format, parameters, count: 0 };
  known.count++;
  formats.set(key, known);
}
