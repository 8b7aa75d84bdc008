import { readFileSync } from 'node:fs';
import { type HashRules, hashRules } from '../../../../gateway/identify/passwords/hashes/hash-rules.ts';
import { recognise } from '../../../../gateway/identify/passwords/hashes/recognise.ts';
import type { VerifiableHash } from '../../../../gateway/identify/passwords/hashes/stored-hash.ts';

/** A hash that a real program printed. */
interface Fixture {
  readonly format: string;
  readonly program: string;
  /** Prints such a hash; the password is in its environment as `PASSWORD`. */
  readonly command: string;
  readonly password: string;
  readonly hash: string;
  /** Whether it takes about a millisecond; the others have what the program chooses by itself. */
  readonly cheap: boolean;
  /** False where the program cut the password, so that the gateway does not take it. */
  readonly opens: boolean;
}

/**
 * Made on Debian 12 with its python3-werkzeug, python3-django, python3-argon2, python3-bcrypt, python3-passlib and
 * php-cli, and for the newer releases in a virtual environment with those from PyPI.
 */
const OF_FRAMEWORKS: readonly Fixture[] = read('hashes.json');

/**
 * Made on Debian 12 with its ruby-bcrypt, slapd, slapd-contrib, elixir, argon2 and python3-passlib, and with packages of npm.
 * Those of Ory Kratos and Supabase are the known answers of their own tests.
 */
const OF_EXPORTS: readonly Fixture[] = read('hashes-of-exports.json');

/**
 * Made on Debian 12 with its php-cli, wordpress, whois, openssl and python3-passlib, and with the published sources of Drupal 11.4
 * and Spring Security 7.1. Those of .NET are the known answers of its own tests, or made by its algorithm in Python.
 */
const OF_PLATFORMS: readonly Fixture[] = read('hashes-of-platforms.json');

/** Hashes that need no settings. */
export const FIXTURES: readonly Fixture[] = [...OF_FRAMEWORKS, ...OF_EXPORTS, ...OF_PLATFORMS];

/** A hash that is verified only with these settings of the accounts. */
interface FixtureBySettings extends Fixture {
  readonly accounts: Omit<Parameters<typeof hashRules>[0], 'allowWeakHashes'> & { readonly allowWeakHashes?: boolean };
}

/** Made on Debian 12 with its ruby-devise, slapd, slapd-contrib and python3-passlib, and with firebase-scrypt of npm. */
export const FIXTURES_BY_SETTINGS: readonly (Fixture & { readonly rules: HashRules })[] = read<FixtureBySettings>(
  'hashes-by-settings.json',
).map(({ accounts, ...fixture }) => ({ ...fixture, rules: hashRules({ allowWeakHashes: false, ...accounts }) }));

function read<Kind = Fixture>(file: string): readonly Kind[] {
  return JSON.parse(readFileSync(new URL(file, import.meta.url), 'utf8'));
}

/** The rules of the gateway's own table. */
export const OWN_TABLE = hashRules({ allowWeakHashes: false });
/** The rules of an application's table. */
export const ADOPTED = hashRules({ table: 'users', allowWeakHashes: false });

/** @throws Error when the hash is not recognised or refused */
export function verifiable(hash: string, rules: HashRules = OWN_TABLE): VerifiableHash {
  const stored = recognise(hash, rules);
  if (!stored?.verifiable) throw new Error(`${hash} cannot be verified`);
  return stored;
}

/** The first cheap fixture of each format. */
export function oneOfEachFormat(): readonly Fixture[] {
  return FIXTURES.filter(
    ({ format, cheap }, index) => cheap && index === FIXTURES.findIndex((one) => one.cheap && one.format === format),
  );
}
