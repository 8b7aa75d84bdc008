import { generateKeyPairSync } from 'node:crypto';
import type { DatabaseLocation } from '../../../gateway/settings/schema/database-url.ts';
import { urlOf } from '../../../test/lab/stores/database.ts';

/** What the gateways of a soak have around them. */
export interface Surroundings {
  readonly location: DatabaseLocation;
  readonly redis: string;
  /** Two servers. */
  readonly upstreams: readonly string[];
  /** A URL at which nobody listens. */
  readonly dead: string;
}

/** Seconds. Short, so that housekeeping has work during the run. */
export const TOKEN_LIFETIME = 300;
/** The deadline of the route with failures: above what a busy machine takes for an answer that does come. */
const FIRST_BYTE = '4s';
const SECRET = 'The secret of the soak alone, and long enough';

/** What both gateways of a soak share: every kind of route, and everything that keeps state switched on. */
export function sharedSettings({ location, redis, upstreams }: Surroundings): Record<string, unknown> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return {
    // The load names the addresses of its clients.
    trustedProxies: ['127.0.0.1'],
    // Longer deadlines than the usual ones: a machine that does other work must not look like a fault of the gateway.
    database: { url: urlOf(location), timeout: '30s' },
    redis: { url: redis, timeout: '10s' },
    timeouts: { connect: '30s', headers: '60s' },
    tokens: { secrets: [SECRET], lifetime: `${TOKEN_LIFETIME}s`, maxLifetime: '6m', maxStaleness: '60s' },
    accounts: { passwordCost: 4 },
    assertion: { keys: [String(privateKey.export({ type: 'pkcs8', format: 'pem' }))], issuer: 'https://soak.test' },
    pages: { session: { lifetime: '5m' } },
    log: { level: 'info', format: 'json' },
    tracing: { url: upstreams[1], sample: '1%' },
    limits: { some: { requests: 20, per: '1m', by: 'account' } },
    upstreams: {
      main: { servers: upstreams },
      balanced: { servers: upstreams, balance: 'least-outstanding', health: { path: '/health' } },
      // Apart, so that its ejections affect no other route.
      shaky: { servers: upstreams, eject: { failures: 1000 } },
    },
  };
}

/** @param extra how many routes without traffic there are, so that a reload changes something */
export function routes({ upstreams, dead }: Surroundings, extra: number): Record<string, unknown>[] {
  return [
    { name: 'orders', path: '/api/v1/orders', upstream: 'main' },
    { name: 'files', path: '/api/v1/files', upstream: 'balanced', maxBody: '4mb' },
    { name: 'limited', path: '/api/v1/limited', upstream: 'main', limits: ['some'] },
    { name: 'shaky', path: '/api/v1/shaky', upstream: 'shaky', timeouts: { firstByte: FIRST_BYTE } },
    { name: 'dead', path: '/api/v1/dead', upstream: dead },
    { name: 'legacy', path: '/api/v1/legacy', upstream: upstreams[0], proxy: { autoRewrite: true } },
    { name: 'events', path: '/api/v1/events', upstream: 'main', websocketToken: false },
    { name: 'web', path: '/api/v1/web', upstream: 'main', cors: { origins: ['https://app.test'] } },
    { name: 'public', path: '/public', upstream: 'main', auth: 'none' },
    ...Array.from({ length: extra }, (_, i) => ({ name: `extra-${i}`, path: `/api/v1/extra-${i}`, upstream: 'main' })),
  ];
}
