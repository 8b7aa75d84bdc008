import proxy from '@fastify/http-proxy';
import jwt from '@fastify/jwt';
import fastify from 'fastify';
import { Redis } from 'ioredis';

/**
 * The Fastify kit as a gateway: verifies the JWT, with the cache of verified tokens on, asks Redis for each request whether
 * it is revoked, and forwards with `X-User-Id`.
 * It stands in this folder, and is no TypeScript, because its packages are installed here and only for the benchmark.
 *
 * node fastify.js PORT UPSTREAM REDIS SECRET
 */
const [port = '', upstream = '', redisUrl = '', secret = ''] = process.argv.slice(2);
const redis = new Redis(redisUrl, { enableAutoPipelining: true });
const app = fastify({ logger: false });

app.register(jwt, {
  secret,
  verify: { cache: true, algorithms: ['HS256'], allowedIss: 'gatehouse', allowedAud: 'gatehouse:api' },
});
app.register(proxy, {
  upstream,
  undici: { connections: 128, pipelining: 1 },
  disableRequestLogging: true,
  preHandler: async (request, reply) => {
    try {
      await request.jwtVerify();
    } catch {
      return reply.code(401).send({ error: 'unauthorized' });
    }
    if ((await redis.exists(`gatehouse:denylist:${request.user.jti}`)) === 1) {
      return reply.code(401).send({ error: 'unauthorized' });
    }
  },
  replyOptions: {
    rewriteRequestHeaders: (request, { authorization: _, ...headers }) => ({
      ...headers,
      'x-user-id': request.user.sub,
    }),
  },
});
await app.listen({ host: '127.0.0.1', port: Number(port) });
