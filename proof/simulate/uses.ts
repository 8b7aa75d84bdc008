import type { Credential } from '../audit/events.ts';
import { basic, type KnownAccount, type KnownCredential } from './acts.ts';
import type { Clients } from './clients.ts';
import type { Credentials } from './credentials.ts';
import type { Process } from './process.ts';
import type { World } from './world.ts';

/** Milliseconds that an act takes, mostly. */
const MEANWHILE = 30;
/** Milliseconds after an act until all nodes should have known it for a while. */
const AFTERWARDS = 3_500;
/** Of those that an act concerns, so many are used. */
const CONCERNED = 3;

/** Sends the credentials of clients. */
export class Uses {
  readonly #world: World;
  readonly #clients: Clients;
  readonly #credentials: Credentials;
  readonly #group: string;

  /** @param group that some requests need */
  constructor(world: World, clients: Clients, credentials: Credentials, group: string) {
    this.#world = world;
    this.#clients = clients;
    this.#credentials = credentials;
    this.#group = group;
  }

  some(): void {
    const credential = this.#credentials.toUse();
    if (credential !== null) this.#use(credential);
  }

  password(process: Process, account: KnownAccount, password: string): void {
    const used: Credential = { kind: 'password', account: account.email, password };
    this.#clients.use(process, used, basic(account, password), null);
  }

  /** While an act happens that may end these. */
  meanwhile(credentials: readonly KnownCredential[]): void {
    this.#around(credentials, 2, MEANWHILE);
  }

  /** After an act that ends these, or just not, around the bounds. */
  afterwards(credentials: readonly KnownCredential[]): void {
    this.#around(credentials, 4, AFTERWARDS);
  }

  #around(credentials: readonly KnownCredential[], times: number, within: number): void {
    const { scheduler, clients } = this.#world;
    for (const credential of credentials.slice(0, CONCERNED)) {
      for (let i = 0; i < times; i += 1) {
        scheduler.add(clients, 'client', scheduler.between(0, within), () => this.#use(credential));
      }
    }
  }

  /** At any node. */
  #use(credential: KnownCredential): void {
    const { random } = this.#world.scheduler;
    const processes = this.#world.ready();
    const process = processes[random.below(Math.max(1, processes.length))];
    if (process === undefined) return;
    const { name, value } = credential;
    const used: Credential = { kind: 'token', token: name };
    if (credential.isSession) {
      this.#clients.useSession(process, used, value);
      return;
    }
    const onRefused = () => {
      credential.endedAt ??= this.#world.now;
    };
    this.#clients.use(process, used, `Bearer ${value}`, random.once(6) ? this.#group : null, onRefused);
  }
}
