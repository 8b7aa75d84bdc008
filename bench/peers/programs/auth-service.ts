import { createSecretKey } from 'node:crypto';
import { Redis } from 'ioredis';
import jwt from 'jsonwebtoken';
import Koa from 'koa';

/**
 * What nginx asks by `auth_request`: verifies the JWT of each request and asks Redis whether it is revoked. Answers 204
 * with `X-User-Id`, or 401.
 *
 * node auth-service.ts PORT REDIS SECRET
 */
const [port = '', redisUrl = '', secret = ''] = process.argv.slice(2);
// A string would be tried as a public key first, for each request anew.
const key = createSecretKey(Buffer.from(secret));
const redis = new Redis(redisUrl, { enableAutoPipelining: true });
const app = new Koa();

app.use(async (ctx) => {
  const claims = claimsOf(ctx.get('authorization'));
  if (claims === null || (await redis.exists(`gatehouse:denylist:${claims.jti}`)) === 1) {
    ctx.status = 401;
    return;
  }
  ctx.set('X-User-Id', claims.sub ?? '');
  ctx.status = 204;
});

function claimsOf(authorization: string): jwt.JwtPayload | null {
  if (!authorization.startsWith('Bearer ')) return null;
  try {
    const options = { algorithms: ['HS256' as const], issuer: 'gatehouse', audience: 'gatehouse:api' };
    const claims = jwt.verify(authorization.slice('Bearer '.length), key, options);
    return typeof claims === 'string' ? null : claims;
  } catch {
    return null;
  }
}

app.listen(Number(port), '127.0.0.1').keepAliveTimeout = 3_600_000;
