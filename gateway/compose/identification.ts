import { passwordIdentifier, provenPassword } from '../identify/by-password.ts';
import { tokenIdentifier } from '../identify/by-token.ts';
import { createIdentify, type Identify } from '../identify/identify.ts';
import { ambiguityWarning } from '../identify/passwords/ambiguous-login.ts';
import { decoyFor } from '../identify/passwords/decoy.ts';
import { hashRules } from '../identify/passwords/hashes/hash-rules.ts';
import type { HashingQueue } from '../identify/passwords/hashing-queue.ts';
import { passwordChecker } from '../identify/passwords/password.ts';
import { createThrottle } from '../identify/passwords/throttle.ts';
import { hashUpgrades, noUpgrades } from '../identify/passwords/upgrade.ts';
import { type ProvenCredentials, provenCredentials } from '../identify/proven-credentials.ts';
import { createStanding, type Standing } from '../identify/standing.ts';
import type { Logger } from '../ops/log.ts';
import type { Settings } from '../settings/schema/settings.ts';
import { type TokenSigner, tokenSigner } from '../signing/token.ts';
import { sqlAccountStore } from '../stores/accounts/store.ts';
import { trackLastUsed } from '../stores/tokens/last-used.ts';
import type { Stores } from './stores.ts';

/** Identifies the senders of requests, from the stores of a process. */
export interface Identification {
  readonly identify: Identify;
  /** Checks an email and a password, for the login form of the pages. */
  readonly byPassword: ReturnType<typeof passwordIdentifier>;
  readonly signer: TokenSigner;
  /** Checks whether a proven credential is still valid. */
  readonly standing: Standing;
  /** Hits and misses of the cache of proven credentials. */
  readonly lookUps: ProvenCredentials['lookUps'];
  /** Stores the last use of tokens. */
  close(): Promise<void>;
}

/** @throws GatewayError when the database is out */
export async function openIdentification(
  settings: Settings,
  stores: Stores,
  hashing: HashingQueue,
  log: Logger,
): Promise<Identification> {
  const { database, accounts, redis, role } = stores;
  const { mirror } = stores.revocations;
  const { passwordCost } = settings.accounts;
  const rules = hashRules(settings.accounts);
  const { maxStaleness } = settings.tokens;
  const findAccountById = stores.accountCache.findById;
  const { now } = stores.revocations.clock;
  const signer = tokenSigner({ secrets: stores.secrets, maxLifetime: settings.tokens.maxLifetime }, now);
  const proven = provenCredentials();
  // The table of an application is read-only, including its hashes.
  const upgrades =
    settings.accounts.table === undefined
      ? hashUpgrades(sqlAccountStore(database), passwordCost, rules, hashing, log)
      : noUpgrades;
  const warnOfAmbiguous = ambiguityWarning(log);
  const byPassword = passwordIdentifier({
    findAccount: (login) => accounts.findByLogin(login, warnOfAmbiguous),
    checkPassword: passwordChecker(await decoyFor(database, settings.accounts), rules),
    takeTry: createThrottle(settings.accounts.throttle, redis, role).take,
    inTurn: hashing.run,
    onProven: upgrades.start,
  });
  const requireFresh = () => mirror.requireFresh(maxStaleness);
  const standing = createStanding({
    isDenied: mirror.isDenied,
    cutoffOf: mirror.cutoffOf,
    now,
    isReplaced: upgrades.isDue,
    requireFresh,
  });
  const lastUsed = trackLastUsed(database, stores.revocations.clock, (token) => standing.ofClaims(token) !== null);
  const identify = createIdentify({
    proven,
    byPassword,
    byProvenPassword: provenPassword({ findAccountById, ended: standing.ofPassword }),
    verifyToken: signer.verify,
    byToken: tokenIdentifier({
      findAccountById,
      ended: standing.ofToken,
      used: lastUsed.note,
      now,
      requireFresh,
    }),
  });

  return {
    identify,
    byPassword,
    signer,
    standing,
    lookUps: proven.lookUps,
    close: lastUsed.close,
  };
}
