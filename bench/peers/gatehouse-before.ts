import { startGatehouse } from '../harness/gatehouse.ts';
import type { Peer } from './peer.ts';

export const gatehouseBefore: Peer = {
  name: 'gatehouse-before',
  label: 'Gatehouse without its fast path',
  does: 'the same gateway with `listen.fastPath: false`: each request through Node’s HTTP server and undici, as before there was a fast path; with its log',
  credential: 'token',
  knowsRevocations: true,
  userId: 'id',
  aim: 1.9,
  needs: [],
  versions: async () => 'this checkout',
  start: (scope, lab) =>
    startGatehouse(scope, lab, { name: 'without-fast-path', settings: { listen: { fastPath: false } } }),
};
