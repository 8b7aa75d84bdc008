import type { EndingAct } from '../audit/events.ts';
import { basic, endAll, issue, issuedAtOf, type KnownAccount, logIn, revoke } from './acts.ts';
import type { Clients } from './clients.ts';
import { Credentials } from './credentials.ts';
import type { FirstAccount } from './image-of-gateway.ts';
import type { Knowledge } from './knowledge.ts';
import type { Process } from './process.ts';
import { hashOf } from './service.ts';
import { Uses } from './uses.ts';
import type { World } from './world.ts';

const GROUP = 'staff';
/** What the clients do, at random: few accounts and tokens, so that much happens to each at once. */
export class Workload {
  readonly #world: World;
  readonly #clients: Clients;
  readonly #knowledge: Knowledge;
  #accounts: KnownAccount[];
  readonly #credentials: Credentials;
  readonly #uses: Uses;
  #count = 0;
  /** No account is added before, since a lost one may have had its id. */
  #noAddBefore = 0;
  /** Whether acts are done, or only uses. */
  isActing = true;

  constructor(world: World, clients: Clients, knowledge: Knowledge, first: readonly FirstAccount[]) {
    this.#world = world;
    this.#clients = clients;
    this.#knowledge = knowledge;
    this.#credentials = new Credentials(world);
    this.#uses = new Uses(world, clients, this.#credentials, GROUP);
    this.#accounts = first.map(({ id, email, password }) => {
      const act = { kind: 'add', account: email, password, confirmed: true } as const;
      world.auditor.ends(world.auditor.begins(act, 'setup', -1), 'acknowledged', -1);
      return { id, email, addedAt: -1, passwords: [password], isConfirmed: true };
    });
  }

  /** Does something now. */
  act(): void {
    const { random } = this.#world.scheduler;
    const process = this.#some(this.#world.ready());
    const account = this.#some(this.#accounts);
    if (process === null || account === null) return;
    const roll = random.below(100);
    if (roll < 52) this.#uses.some();
    else if (roll < 57) this.#uses.password(process, account, this.#some(account.passwords) ?? '');
    else if (roll < 59) this.#clients.list(process, account.email, account.id);
    else if (roll < 77) this.#issue(process, account);
    else if (roll < 81) this.#logIn(process, account);
    else if (this.isActing) this.#changeAtOnce(process, account, roll);
    else this.#uses.some();
  }

  /** Revokes something now. */
  revokeSome(): void {
    const process = this.#some(this.#world.ready());
    const account = this.#some(this.#accounts);
    if (process === null || account === null || !this.isActing) return;
    if (this.#world.scheduler.random.once(2)) this.#revoke(process);
    else this.#endAll(process, account, { kind: 'revoke all', account: account.email });
  }

  /** Sometimes at two nodes at the same moment. */
  #changeAtOnce(process: Process, account: KnownAccount, roll: number): void {
    const { random } = this.#world.scheduler;
    const processes = random.once(3) ? [process, this.#some(this.#world.ready()) ?? process] : [process];
    for (const one of processes) this.#change(one, account, roll);
  }

  /** The database has lost what was committed after `since`. */
  lost(since: number): void {
    this.#noAddBefore = this.#world.now + 5_000;
    // The id of a lost account may become another one's.
    const isLost = ({ addedAt }: KnownAccount) => addedAt > since;
    this.#credentials.retire(({ account }) => isLost(account));
    this.#accounts = this.#accounts.filter((account) => !isLost(account));
  }

  #change(process: Process, account: KnownAccount, roll: number): void {
    const { email } = account;
    if (!account.isConfirmed && this.#world.scheduler.random.once(2)) {
      this.#endAll(process, account, { kind: 'confirm', account: email });
      return;
    }
    if (roll < 91) this.#revoke(process);
    else if (roll < 93) this.#endAll(process, account, { kind: 'revoke all', account: email });
    else if (roll < 94)
      this.#endAll(process, account, { kind: 'password', account: email, password: `password${this.#next()}` });
    else if (roll < 96)
      this.#endAll(process, account, { kind: account.isConfirmed ? 'unconfirm' : 'confirm', account: email });
    else if (roll < 98) this.#setGroups(process, account);
    else if (this.#accounts.length > 3 && this.#world.scheduler.random.once(2))
      this.#endAll(process, account, { kind: 'remove', account: email });
    else this.#add(process);
  }

  #issue(process: Process, account: KnownAccount): void {
    if (this.#credentials.isFull(account, false)) return;
    const value = basic(account, this.#likelyPassword(account));
    this.#clients.act(
      process,
      { kind: 'issue', account: account.email },
      (service) => issue(service, value),
      ({ jti, token }) => this.#credentials.add({ name: jti, value: token, account, isSession: false, endedAt: null }),
      ({ jti }) => jti,
    );
  }

  #logIn(process: Process, account: KnownAccount): void {
    if (this.#credentials.isFull(account, true)) return;
    // The store may be that of another installation too: as long as ids, names differ.
    const name = `session${this.#next()}of${process.name}`;
    const value = basic(account, this.#likelyPassword(account));
    this.#clients.act(
      process,
      { kind: 'log in', account: account.email },
      (service) => logIn(service, value, name),
      () => this.#credentials.add({ name, value: name, account, isSession: true, endedAt: null }),
      () => name,
    );
  }

  #revoke(process: Process): void {
    const { random } = this.#world.scheduler;
    const token = this.#credentials.toRevoke();
    if (token === null) return;
    const { name } = token;
    const byItself = random.once(2);
    this.#uses.meanwhile([token]);
    this.#clients.act(
      process,
      { kind: 'revoke', token: name },
      (service) => revoke(service, token, byItself),
      (outcome, id) => {
        token.endedAt ??= this.#world.now;
        if (outcome === 'revoked') this.#knowledge.revoked(id, name);
        else this.#knowledge.revokedBefore(id, name, token.account.id, issuedAtOf(token));
        this.#uses.afterwards([token]);
      },
    );
  }

  #endAll(process: Process, account: KnownAccount, act: EndingAct & { account: string }): void {
    const before = this.#credentials.of(account).filter(({ endedAt }) => endedAt === null);
    this.#uses.meanwhile(before);
    const bySessions = this.#world.scheduler.random.once(3);
    // It may come to be the password even if nobody says so.
    if (act.kind === 'password') account.passwords = [act.password, ...account.passwords.slice(-3)];
    this.#clients.act(
      process,
      act,
      async (service) => {
        if (!(await endAll(service, account.id, act, bySessions))) return null;
        const { mirror } = service.revocations;
        const ids = before.filter(({ name, isSession }) => !isSession && mirror.isDenied(name)).map(({ name }) => name);
        return { cutoff: mirror.cutoffOf(account.id), ids };
      },
      ({ cutoff, ids }, id) => {
        for (const one of before) one.endedAt ??= this.#world.now;
        this.#knowledge.ended(id, account.id, cutoff, ids);
        if (act.kind === 'confirm' || act.kind === 'unconfirm') account.isConfirmed = act.kind === 'confirm';
        if (act.kind === 'password') account.passwords = [...account.passwords.slice(-3), act.password];
        if (act.kind === 'remove') this.#accounts = this.#accounts.filter((one) => one !== account);
        this.#uses.afterwards(before);
      },
    );
  }

  #setGroups(process: Process, account: KnownAccount): void {
    const groups = this.#world.scheduler.random.once(2) ? [GROUP] : [];
    this.#clients.act(
      process,
      { kind: 'groups', account: account.email, groups },
      async ({ revocations }) =>
        (await revocations.revoker.changeAndKeepTokens(account.id, (own) => own.setGroups(account.id, groups)))
          ? 'changed'
          : null,
      () => this.#uses.afterwards(this.#credentials.of(account)),
    );
  }

  #add(process: Process): void {
    if (this.#accounts.length > 7 || this.#world.now < this.#noAddBefore) return;
    const number = this.#next();
    const [email, password] = [`added${number}@example.com`, `first${number}`];
    const begun = this.#world.now;
    this.#clients.act(
      process,
      { kind: 'add', account: email, password, confirmed: true },
      async ({ accounts }) => {
        const added = await accounts.add({ email, passwordHash: hashOf(password), confirmed: true });
        return added.kind === 'added' ? added.account.id : null;
      },
      (id) => {
        if (begun < this.#noAddBefore) return;
        this.#accounts.push({
          id,
          email,
          addedAt: this.#world.now,
          passwords: [password],
          isConfirmed: true,
        });
      },
    );
  }

  /** Mostly the last one. */
  #likelyPassword({ passwords }: KnownAccount): string {
    const last = passwords.at(-1) ?? '';
    return this.#world.scheduler.random.once(3) ? (this.#some(passwords) ?? last) : last;
  }

  #some<T>(from: readonly T[]): T | null {
    return from[this.#world.scheduler.random.below(Math.max(1, from.length))] ?? null;
  }

  #next(): number {
    this.#count += 1;
    return this.#count;
  }
}
