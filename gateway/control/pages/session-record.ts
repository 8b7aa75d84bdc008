/** The login of a session. The account may have changed since: callers must check that the login still stands. */
export interface SessionRecord {
  readonly accountId: string;
  readonly email: string;
  /** The account's stamp at the login. */
  readonly stamp: string;
  /** When it was, in milliseconds since 1970. */
  readonly createdAt: number;
}

/** @returns null for what is no record: the store may be one where other programs can write */
export function sessionRecordOf(value: unknown): SessionRecord | null {
  if (typeof value !== 'object' || value === null) return null;
  const { accountId, email, stamp, createdAt } = value as Record<string, unknown>;
  if (!isText(accountId) || !isText(email) || !isText(stamp) || !isMoment(createdAt)) return null;
  return { accountId, email, stamp, createdAt };
}

/** Whether it is a time in milliseconds since 1970. */
export function isMoment(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
