import { type IssueToken, tokenIssue } from '../../gateway/control/issue-token.ts';
import { passwordIdentifier, provenPassword } from '../../gateway/identify/by-password.ts';
import { tokenIdentifier } from '../../gateway/identify/by-token.ts';
import { createIdentify, type Identify } from '../../gateway/identify/identify.ts';
import { provenCredentials } from '../../gateway/identify/proven-credentials.ts';
import { createStanding, type Standing } from '../../gateway/identify/standing.ts';
import type { Logger } from '../../gateway/ops/log.ts';
import { FEED_BLOCK } from '../../gateway/revocation/feed.ts';
import { startHousekeeping } from '../../gateway/revocation/housekeeping.ts';
import { type RevocationService, startRevocations } from '../../gateway/revocation/revocation-service.ts';
import { tokenSigner } from '../../gateway/signing/token.ts';
import { cachedAccounts } from '../../gateway/stores/accounts/cached.ts';
import { type AccountStore, sqlAccountStore } from '../../gateway/stores/accounts/store.ts';
import { openDatabase } from '../../gateway/stores/database/connection.ts';
import { openRedis } from '../../gateway/stores/redis/open.ts';
import { redisSessionStore } from '../../gateway/stores/sessions/redis-sessions.ts';
import type { SessionStore } from '../../gateway/stores/sessions/session-store.ts';
import { sqlSessionStore } from '../../gateway/stores/sessions/sql-sessions.ts';
import { trackLastUsed } from '../../gateway/stores/tokens/last-used.ts';
import { type LiveTokens, liveTokens } from '../../gateway/stores/tokens/live-tokens.ts';
import { sqlTokenStore } from '../../gateway/stores/tokens/store.ts';

/** What a process of a gateway does with credentials, composed of the gateway's modules as `compose/` does. */
export interface Service {
  readonly identify: Identify;
  readonly issue: IssueToken;
  readonly live: LiveTokens;
  readonly accounts: AccountStore;
  readonly revocations: RevocationService;
  readonly sessions: SessionStore;
  readonly standing: Standing;
}

/** Milliseconds, as by default. */
export const DEFAULTS = { database: 2_000, redis: 500, maxStaleness: 2_000, cache: 5_000 };
const HOUR = 3_600_000;
const LIVES = { tokens: { maxLifetime: 24 * HOUR }, pages: { session: { lifetime: HOUR } } };
const SECRETS = ['a secret of the simulation, which is long enough'];
export const PREFIX = 'gatehouse:';

/**
 * @param hasRedis whether the gateway is configured with one
 * @param host under which the routes to the simulated database and Redis are known
 * @throws GatewayError when the database is out
 */
export async function openService(
  { host, hasRedis }: { readonly host: string; readonly hasRedis: boolean },
  log: Logger,
  announceRevocation: () => void,
): Promise<Service> {
  const location = { kind: 'mysql', host, port: 3306, user: 'gatehouse', password: '', database: 'gatehouse' } as const;
  const database = openDatabase(location, { timeout: DEFAULTS.database });
  const at = {
    form: { kind: 'single' },
    nodes: [{ host, port: 6379 }],
    database: 0,
    username: '',
    password: '',
    tls: false,
  } as const;
  const redis = hasRedis ? openRedis(at, { keyPrefix: PREFIX, timeout: DEFAULTS.redis }, FEED_BLOCK, log) : null;
  const accounts = sqlAccountStore(database);
  const cache = cachedAccounts(accounts.findById, DEFAULTS.cache);
  try {
    const revocations = await startRevocations(database, redis, LIVES, log, cache.forget, announceRevocation);
    const { mirror, clock } = revocations;
    const tokens = sqlTokenStore(database);
    const sessions = sqlSessionStore(database, clock);
    startHousekeeping({ database, tokens, sessions, revocations });
    const signer = tokenSigner({ secrets: SECRETS, maxLifetime: LIVES.tokens.maxLifetime }, clock.now);
    const { isDenied, cutoffOf } = mirror;
    const requireFresh = () => mirror.requireFresh(DEFAULTS.maxStaleness);
    const standing = createStanding({ isDenied, cutoffOf, requireFresh, now: clock.now, isReplaced: () => false });
    const rules = { keyIds: signer.keyIds, maxLifetime: LIVES.tokens.maxLifetime, cutoffOf, now: clock.now };
    const live = liveTokens(tokens, rules);
    return {
      ...{ accounts, revocations, standing, live },
      sessions: redis === null ? sessions : redisSessionStore(redis.client, redis.keyPrefix),
      issue: tokenIssue({
        ...{ now: clock.now, sign: signer.sign, keyId: signer.keyId, record: tokens.record },
        ...{ readCutoff: revocations.readCutoff, countLive: live.count, maxPerAccount: 100 },
      }),
      identify: createIdentify({
        proven: provenCredentials(),
        byPassword: passwordIdentifier({
          findAccount: (login) => accounts.findByLogin(login),
          checkPassword: async (hash, password) => hash === hashOf(password),
          takeTry: async () => async () => {},
          inTurn: (_client, check) => check(),
          onProven() {},
        }),
        byProvenPassword: provenPassword({ findAccountById: cache.findById, ended: standing.ofPassword }),
        verifyToken: signer.verify,
        byToken: tokenIdentifier({
          ...{ findAccountById: cache.findById, ended: standing.ofToken, now: clock.now },
          used: trackLastUsed(database, clock, (token) => standing.ofClaims(token) !== null).note,
          requireFresh,
        }),
      }),
    };
  } catch (error) {
    redis?.close();
    await database.close(0);
    throw error;
  }
}

/** Stands for a hash, which would cost too much here. */
export function hashOf(password: string): string {
  return `simulated:${password}`;
}
