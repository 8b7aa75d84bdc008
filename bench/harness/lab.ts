import { hashPassword } from '../../gateway/identify/passwords/password.ts';
import { ADA } from '../../test/lab/gateways/gateway.ts';
import { type Gateways, gateways } from '../../test/lab/gateways/nodes.ts';
import type { Scope } from '../../test/lab/scope.ts';
import { privateMariadb } from '../../test/lab/stores/mariadb.ts';
import { privateRedis } from '../../test/lab/stores/redis-server.ts';
import { type Cores, findCores, moveTo } from './cores.ts';
import { startUpstream, type Upstream } from './upstream.ts';

/** What all measurements share. */
export interface Lab {
  readonly cores: Cores;
  readonly upstream: Upstream;
  /** Makes configurations of the gateway on the private MariaDB and Redis, where Ada (id 1) and Bob (id 2) are confirmed. */
  readonly gateways: Gateways;
  /** Of the private Redis, in which the gateway keeps its denylist. */
  readonly redisUrl: string;
}

/** The secret that the gateway signs tokens with, known to those that it is compared with. */
export const SECRET = 'TheSecretOfTheBenchmarkWhichSignsItsTokens';
/** What new hashes have by default. */
const PASSWORD_COST = 12;

/** Starts the upstream and private stores, on the load core, where this process moves too. They are gone with the scope. */
export async function openLab(scope: Scope): Promise<Lab> {
  const cores = findCores();
  await moveTo(cores.load);
  const [upstream, mariadb, redis] = await Promise.all([
    startUpstream(scope, cores.load),
    privateMariadb(scope),
    privateRedis(scope),
  ]);
  const all = await gateways(scope, {
    location: mariadb.location,
    redis: redis.url,
    upstream: upstream.url,
    settings: { tokens: { secrets: [SECRET] }, accounts: { passwordCost: PASSWORD_COST } },
  });
  const ada = await all.accounts.findByLogin(ADA.email);
  await all.accounts.setPassword(ada?.id ?? '', await hashPassword(ADA.password, PASSWORD_COST));
  return { cores, upstream, gateways: all, redisUrl: redis.url };
}
