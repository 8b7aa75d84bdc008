import { setTimeout as delay } from 'node:timers/promises';
import { basic } from '../../test/lab/gateways/gateway.ts';
import type { Random } from '../random.ts';
import { fieldOf, type Reply, type Send } from './call.ts';
import type { Gateway } from './gateway.ts';
import type { Form } from './line.ts';
import type { Recorder } from './recorder.ts';
import { GROUP, GROUP_PATH, OPEN_PATH } from './stage.ts';
import type { Person, Token } from './world.ts';

/** A credential that a client has. */
export type Held =
  | { readonly form: Exclude<Form, 'password'>; readonly token: Token }
  | { readonly form: 'password'; readonly person: Person; readonly password: string };

/** Sends requests with credentials, and writes down what is answered. */
export interface Uses {
  /** A request to an upstream. */
  use(gateway: Gateway, held: Held, which: { readonly isFresh: boolean; readonly needsGroup: boolean }): Promise<void>;
  /** Writes down that a request with this credential to the gateway itself was answered so. */
  answered(gateway: Gateway, held: Held, reply: Reply): Promise<void>;
  /** Tries a credential at each gateway, often at first, as long as it takes until every process must have refused it. */
  watch(held: Held): Promise<void>;
  /** Resolves when no credential is being watched. */
  settled(): Promise<void>;
}

/** Milliseconds between two tries while a revocation spreads, and afterwards; how often. */
const WATCHES = [
  { every: 15, times: 10 },
  { every: 200, times: 10 },
] as const;

export function createUses(send: Send, record: Recorder, gateways: readonly Gateway[], random: Random): Uses {
  const write = async (gateway: Gateway, held: Held, reply: Reply, group: string | null, user: string | null) => {
    const { status, begun, ended } = reply;
    const process = reply.request === null ? `${gateway.name}/none` : await gateway.processOf(reply.request);
    const owner = held.form === 'password' ? held.person : held.token.owner;
    record.write({
      type: 'used',
      ...{ node: gateway.name, process, form: held.form, group, status, user, owner: owner.id, begun, ended },
      credential:
        held.form === 'password'
          ? { kind: 'password', account: owner.email, password: held.password }
          : { kind: 'token', token: held.token.id },
    });
  };

  const use: Uses['use'] = async (gateway, held, { isFresh, needsGroup }) => {
    const path = needsGroup ? GROUP_PATH : OPEN_PATH;
    const reply = await send({ url: gateway.url, method: 'GET', path, authorization: authorizationOf(held), isFresh });
    await write(gateway, held, reply, needsGroup ? GROUP : null, reply.status === 200 ? reply.body : null);
  };

  const underWay = new Set<Promise<unknown>>();
  const watchAt = async (gateway: Gateway, held: Held) => {
    for (const { every, times } of WATCHES) {
      for (let time = 0; time < times; time += 1) {
        await use(gateway, held, { isFresh: random.once(3), needsGroup: false });
        await delay(every);
      }
    }
  };

  return {
    use,
    async answered(gateway, held, reply) {
      // The gateway answers these itself: 204 and 404 tell that the credential was accepted.
      const isAccepted = [200, 204, 404].includes(reply.status ?? 0);
      const { owner } = held.form === 'password' ? { owner: held.person } : held.token;
      await write(gateway, held, isAccepted ? { ...reply, status: 200 } : reply, null, isAccepted ? owner.id : null);
    },
    async watch(held) {
      const watching = Promise.all(gateways.map((gateway) => watchAt(gateway, held)));
      underWay.add(watching);
      await watching.finally(() => underWay.delete(watching));
    },
    settled: async () => void (await Promise.all(underWay)),
  };
}

export function authorizationOf(held: Held): string {
  if (held.form === 'password') return basic({ email: held.person.email, password: held.password });
  return fieldOf(held.token, held.form);
}
