import { type Gateways, gateways } from '../../test/lab/gateways/nodes.ts';
import type { Scope } from '../../test/lab/scope.ts';
import { privateMariadb } from '../../test/lab/stores/mariadb.ts';
import { privateRedis } from '../../test/lab/stores/redis-server.ts';
import { httpUpstream } from '../../test/lab/upstreams/upstream.ts';

/**
 * Gateways with an upstream and stores of their own. Clients may name any address in `X-Forwarded-For`.
 *
 * @param passwordCost bcrypt cost of new hashes
 */
export async function passwordGateways(scope: Scope, passwordCost: number): Promise<Gateways> {
  const [mariadb, redis, upstream] = await Promise.all([
    privateMariadb(scope),
    privateRedis(scope),
    httpUpstream(scope),
  ]);
  return await gateways(scope, {
    location: mariadb.location,
    redis: redis.url,
    upstream: upstream.url,
    settings: { accounts: { passwordCost }, trustedProxies: ['127.0.0.1'] },
  });
}
