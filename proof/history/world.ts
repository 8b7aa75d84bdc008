import type { Random } from '../random.ts';

/** An account, as the clients know it. */
export interface Person {
  readonly email: string;
  /** The id in the database. */
  readonly id: string;
  /** Those that may be right, and the last one that was wrong. */
  passwords: readonly [present: string, ...former: string[]];
  isConfirmed: boolean;
  isRemoved: boolean;
}

export interface Token {
  readonly id: string;
  readonly text: string;
  readonly owner: Person;
}

/** What the clients and the operator know of accounts and tokens, to choose from. The auditor has the truth. */
export interface World {
  addPerson(person: Person): void;
  addToken(token: Token): void;
  /** Clients use it less from now on: it may be revoked. */
  ends(token: Token): void;
  endsAll(person: Person): void;
  /** A few of them are asked for often; others so rarely that no gateway has them in its cache. */
  person(random: Random): Person;
  living(): readonly Person[];
  /** null: there is none. */
  token(random: Random): Token | null;
  endedToken(random: Random): Token | null;
  /** Some tokens of the account that are in use. */
  tokensOf(person: Person, most: number): Token[];
  readonly tokensInUse: number;
}

/** Accounts that most requests are about. */
const OFTEN = 4;
/** Revoked tokens that are tried again, the last ones. */
const KEPT = 2_000;

export function createWorld(): World {
  const people: Person[] = [];
  const inUse: Token[] = [];
  const ended: Token[] = [];
  const living = () => people.filter(({ isRemoved }) => !isRemoved);
  const end = (tokens: readonly Token[]) => {
    for (const token of tokens) {
      const index = inUse.indexOf(token);
      if (index >= 0) inUse.splice(index, 1);
      ended.push(token);
    }
    ended.splice(0, Math.max(0, ended.length - KEPT));
  };
  const oneOf = <T>(random: Random, all: readonly T[]): T | null => all[random.below(Math.max(1, all.length))] ?? null;

  return {
    addPerson: (person) => void people.push(person),
    addToken: (token) => void inUse.push(token),
    ends: (token) => end([token]),
    endsAll: (person) => end(inUse.filter(({ owner }) => owner === person)),
    person(random) {
      const all = living();
      const some = random.once(4) ? all : all.slice(0, OFTEN);
      const person = oneOf(random, some);
      if (person === null) throw new Error('no account is left');
      return person;
    },
    living,
    token: (random) => oneOf(random, inUse),
    endedToken: (random) => oneOf(random, ended),
    tokensOf: (person, most) => inUse.filter(({ owner }) => owner === person).slice(-most),
    get tokensInUse() {
      return inUse.length;
    },
  };
}
