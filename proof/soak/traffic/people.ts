import { hashPassword } from '../../../gateway/identify/passwords/password.ts';
import type { AccountStore } from '../../../gateway/stores/accounts/store.ts';
import type { Random } from '../../random.ts';

export interface Person {
  readonly id: string;
  readonly email: string;
  readonly password: string;
  /** When all tokens were last being revoked, by `Date.now()`. */
  revokedAllAt: number;
}

/** A token, and what is known of it. */
export interface Token {
  readonly text: string;
  readonly jti: string;
  readonly person: Person;
  /** By `Date.now()`, before the request. */
  readonly issuedAt: number;
  readonly expiresAt: number;
  /** When its revocation was sent; null: never. From then on it may be refused. */
  revokingAt: number | null;
  /** When its revocation was acknowledged; null: not, or nobody knows. */
  revokedAt: number | null;
}

/** The accounts of a soak, and their tokens as far as they are in use. */
export interface People {
  readonly confirmed: readonly [Person, ...Person[]];
  readonly unconfirmed: readonly [Person, ...Person[]];
  readonly tokens: Token[];
  /** Tokens that were revoked or have expired, the newest last. */
  readonly dead: Token[];
}

const COUNTS = { confirmed: 300, unconfirmed: 10 };
/** Low: the passwords of a soak load the hashing threads, not the machine. */
const PASSWORD_COST = 4;
const MOST_DEAD = 200;
/** Milliseconds before its end from which a token is no longer used. */
const MARGIN = 5_000;

export async function addPeople(accounts: AccountStore): Promise<People> {
  const add = async (name: string, confirmed: boolean): Promise<Person> => {
    const [email, password] = [`${name}@soak.test`, `password of ${name}`];
    const added = await accounts.add({ email, passwordHash: await hashPassword(password, PASSWORD_COST), confirmed });
    if (added.kind !== 'added') throw new Error(`${email} is taken`);
    return { id: added.account.id, email, password, revokedAllAt: 0 };
  };
  const all = async (prefix: string, count: number, confirmed: boolean): Promise<[Person, ...Person[]]> => {
    const people: [Person, ...Person[]] = [await add(`${prefix}0`, confirmed)];
    for (let i = 1; i < count; i += 1) people.push(await add(`${prefix}${i}`, confirmed));
    return people;
  };
  return {
    confirmed: await all('person', COUNTS.confirmed, true),
    unconfirmed: await all('stranger', COUNTS.unconfirmed, false),
    tokens: [],
    dead: [],
  };
}

/** Takes a token out of use. */
export function retire(people: People, token: Token): void {
  const place = people.tokens.indexOf(token);
  if (place >= 0) people.tokens.splice(place, 1);
}

export function addDead({ dead }: People, ...ended: readonly Token[]): void {
  dead.push(...ended);
  dead.splice(0, dead.length - MOST_DEAD);
}

/** A token that is neither revoked nor about to expire; null: there is none. */
export function anyToken(people: People, random: Random): Token | null {
  for (;;) {
    const token = people.tokens[random.below(Math.max(1, people.tokens.length))];
    if (token === undefined) return null;
    if (token.expiresAt - MARGIN > Date.now()) return token;
    retire(people, token);
    addDead(people, token);
  }
}

/** Whether requests with it that are answered now may have been refused. */
export function mayBeRefused({ revokingAt, expiresAt, person, issuedAt }: Token): boolean {
  return revokingAt !== null || expiresAt <= Date.now() || person.revokedAllAt >= issuedAt;
}

export function bearer({ text }: Token): string {
  return `Bearer ${text}`;
}
