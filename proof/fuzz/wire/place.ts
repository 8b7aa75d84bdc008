import { hashPassword } from '../../../gateway/identify/passwords/password.ts';
import { ADA, basic, type TestGateway, testGateway } from '../../../test/lab/gateways/gateway.ts';
import type { Scope } from '../../../test/lab/scope.ts';
import { type Http2Target, http2Target } from './http2-target.ts';
import { type RawUpstream, rawUpstream } from './raw-upstream.ts';

/** What a client may prove on a gateway. */
export interface Credential {
  /** The value of `Authorization`. */
  readonly value: string;
  readonly accountId: string;
}

export interface Door {
  readonly gateway: TestGateway;
  /** Two of each client, of different accounts. */
  readonly credentials: readonly (readonly [Credential, Credential])[];
}

export interface Place {
  readonly fast: Door;
  /** Its clients are all read by Node's HTTP server. */
  readonly slow: Door;
  readonly raw: RawUpstream;
  readonly http2: Http2Target;
}

const CLIENTS = 4;
const LOWEST_COST = 4;
const PASSWORD = 'battery staple';

/** Starts the upstreams, and in front of them a gateway with the fast path and one without. */
export async function openPlace(scope: Scope): Promise<Place> {
  let serial = 0;
  const nextSerial = () => serial++;
  const raw = await rawUpstream(scope, nextSerial);
  const http2 = await http2Target(scope, nextSerial);
  const fast = await openDoor(scope, raw, http2, true);
  const slow = await openDoor(scope, raw, http2, false);
  return { fast, slow, raw, http2 };
}

async function openDoor(scope: Scope, raw: RawUpstream, http2: Http2Target, fastPath: boolean): Promise<Door> {
  // A hostile upstream is asked all the same.
  const patient = { eject: { failures: 1_000 }, connectionWait: '1s' };
  const gateway = await testGateway(scope, {
    listen: { fastPath },
    accounts: { passwordCost: LOWEST_COST, throttle: { perAddressAndAccount: 1_000_000, perAddress: 1_000_000 } },
    timeouts: { connect: '2s', firstByte: '500ms', idle: '500ms', headers: '1s' },
    upstreams: {
      raw: { servers: [raw.url], ...patient },
      http2: { servers: [http2.url], http2: true, ...patient },
    },
    routes: [
      { name: 'direct', path: '/api/v1/direct', upstream: 'raw' },
      { name: 'proxied', path: '/api/v1/proxied', upstream: 'raw', proxy: {} },
      { name: 'http2', path: '/api/v1/http2', upstream: 'http2' },
      { name: 'open', path: '/open', upstream: 'raw', auth: 'none' },
    ],
  });
  const passwordHash = await hashPassword(PASSWORD, LOWEST_COST);
  const credentialOf = async (email: string): Promise<Credential> => {
    const added = await gateway.accounts.add({ email, passwordHash, confirmed: true });
    if (added.kind === 'taken') throw new Error(`${email} is taken`);
    return { value: basic({ email, password: PASSWORD }), accountId: added.account.id };
  };
  const credentials: [Credential, Credential][] = [];
  for (let client = 0; client < CLIENTS; client += 1) {
    credentials.push([
      await credentialOf(`first${client}@example.com`),
      await credentialOf(`other${client}@example.com`),
    ]);
  }
  const ada = await gateway.accounts.findByLogin(ADA.email);
  const [first] = credentials;
  if (ada === null || first === undefined) throw new Error('there is no Ada');
  // One client has a token.
  first[0] = { value: `Bearer ${await gateway.token()}`, accountId: ada.id };
  return { gateway, credentials };
}
