import type { HashingQueue } from './accounts/hashing-queue.ts';
import { decoyFor } from './accounts/open.ts';
import { passwordChecker } from './accounts/password.ts';
import { sqlAccountStore } from './accounts/store.ts';
import { createThrottle } from './accounts/throttle.ts';
import { hashUpgrade } from './accounts/upgrade.ts';
import { type GatewayError, storeUnavailable } from './errors.ts';
import { createIdentify, type Identify } from './identify/identify.ts';
import { passwordIdentifier, provenPassword } from './identify/password.ts';
import { tokenIdentifier } from './identify/token.ts';
import { type VerifiedCredentials, verifiedCredentials } from './identify/verified.ts';
import type { Logger } from './ops/log.ts';
import type { Settings } from './settings/schema.ts';
import type { Identity } from './state.ts';
import type { Stores } from './stores.ts';
import { trackLastUsed } from './tokens/last-used.ts';
import { type TokenSigner, tokenSigner } from './tokens/token.ts';

/** How a process finds out who sends a request, from its stores. */
export interface Identification {
  readonly identify: Identify;
  /** Checks an email and a password by themselves, as the pages get them. */
  readonly byPassword: ReturnType<typeof passwordIdentifier>;
  readonly signToken: TokenSigner['sign'];
  /** Whether a request with this identity would still pass. */
  isValid(identity: Identity): boolean;
  /** How often a proven credential was remembered, and how often not. */
  readonly lookUps: VerifiedCredentials['lookUps'];
  /** Writes down which tokens were used. */
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
  const findAccountById = stores.knownAccounts.findById;
  const signer = tokenSigner({ secrets: stores.secrets, maxLifetime: settings.tokens.maxLifetime });
  const verified = verifiedCredentials();
  const byPassword = passwordIdentifier({
    findAccount: accounts.findByEmail,
    findAccountById,
    checkPassword: passwordChecker(await decoyFor(database, settings.accounts)),
    takeTry: createThrottle(settings.accounts.throttle, redis, role).take,
    inTurn: hashing.run,
    // The table of an application is read only, its hashes too.
    onProven:
      settings.accounts.table === undefined
        ? hashUpgrade(sqlAccountStore(database), settings.accounts.passwordCost, hashing, log)
        : () => {},
  });
  const lastUsed = trackLastUsed(database);
  const identify = createIdentify({
    verified,
    byPassword,
    byProvenPassword: provenPassword({ findAccountById }),
    verifyToken: signer.verify,
    byToken: tokenIdentifier({
      findAccountById,
      isDenied: mirror.isDenied,
      voidBefore: mirror.voidBefore,
      used: lastUsed.note,
      requireFresh: () => {
        const age = mirror.age();
        if (age > settings.tokens.maxStaleness) throw staleMirror(age);
      },
    }),
  });

  return {
    identify,
    byPassword,
    signToken: signer.sign,
    isValid(identity) {
      if (identity.by !== 'token') return true;
      const { jti, accountId, issuedAt, expiresAt } = identity.token;
      const isVoid = mirror.isDenied(jti) || issuedAt * 1000 < mirror.voidBefore(accountId);
      return !isVoid && expiresAt * 1000 > Date.now();
    },
    lookUps: verified.lookUps,
    close: lastUsed.close,
  };
}

/** Neither the database nor Redis has said for too long what is revoked. */
function staleMirror(age: number): GatewayError {
  return storeUnavailable('database', new Error(`revocations unknown for ${Math.round(age)} ms`));
}
