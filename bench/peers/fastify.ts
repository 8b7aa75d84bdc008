import { SECRET } from '../harness/lab.ts';
import { startNodeProgram } from './node-program.ts';
import type { Peer } from './peer.ts';
import { packageVersions } from './versions.ts';

export const fastify: Peer = {
  name: 'fastify',
  label: 'Fastify http-proxy + jwt + ioredis',
  does: 'verifies the JWT (cache of verified tokens on), asks Redis whether it is revoked (auto-pipelining), forwards by undici; no log',
  credential: 'token',
  knowsRevocations: true,
  userId: 'id',
  aim: 3,
  needs: ['npm packages'],
  versions: () => packageVersions('peers', 'fastify', '@fastify/http-proxy', '@fastify/jwt', 'ioredis'),
  start: (scope, lab) => startNodeProgram(scope, lab, 'packages/fastify.js', [lab.upstream.url, lab.redisUrl, SECRET]),
};
