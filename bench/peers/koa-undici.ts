import { startNodeProgram } from './node-program.ts';
import type { Peer } from './peer.ts';
import { packageVersions } from './versions.ts';

export const koaUndici: Peer = {
  name: 'koa-undici',
  label: 'bare Koa + undici',
  does: 'forwards, and nothing else: no authentication, no log. The plain way: the gateway forwards past Koa, and keeps undici clients of its own',
  credential: 'none',
  knowsRevocations: false,
  userId: null,
  aim: 1.4,
  needs: [],
  versions: () => packageVersions('gateway', 'koa', 'undici'),
  start: (scope, lab) => startNodeProgram(scope, lab, 'programs/forwarder.ts', [lab.upstream.url]),
};
