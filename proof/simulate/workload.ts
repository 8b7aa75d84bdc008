import type { Credential, EndingAct } from '../audit/events.ts';
import { basic, endAll, issue, issuedAtOf, type KnownAccount, type KnownCredential, logIn, revoke } from './acts.ts';
import type { Clients } from './clients.ts';
import type { FirstAccount } from './image-of-gateway.ts';
import type { Knowledge } from './knowledge.ts';
import type { Process } from './process.ts';
import { hashOf } from './service.ts';
import type { World } from './world.ts';

const GROUP = 'staff';
/** Milliseconds for which the clients go on with a credential that has ended, at least and at most. */
const LATER_USES = [20_000, 120_000] as const;
/** Milliseconds after an act within which what it ends is used most. */
const AFTERMATH = 3_500;
const MOST_LIVE = 6;

/** What the clients do, at random: few accounts and tokens, so that much happens to each at once. */
export class Workload {
  readonly #world: World;
  readonly #clients: Clients;
  readonly #knowledge: Knowledge;
  #accounts: KnownAccount[];
  #credentials: KnownCredential[] = [];
  #count = 0;
  /** No account is added before, since a lost one may have had its id. */
  #noAddBefore = 0;
  /** Whether acts are done, or only uses. */
  isActing = true;

  constructor(world: World, clients: Clients, knowledge: Knowledge, first: readonly FirstAccount[]) {
    this.#world = world;
    this.#clients = clients;
    this.#knowledge = knowledge;
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
    if (roll < 45) this.#useSome();
    else if (roll < 53) this.#usePassword(process, account);
    else if (roll < 56) this.#clients.list(process, account.email, account.id);
    else if (roll < 66) this.#issue(process, account);
    else if (roll < 70) this.#logIn(process, account);
    else if (this.isActing) this.#changeAtOnce(process, account, roll);
    else this.#useSome();
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
    for (const { name, account } of this.#credentials) if (isLost(account)) this.#world.auditor.retires(name);
    this.#credentials = this.#credentials.filter(({ account }) => !isLost(account));
    this.#accounts = this.#accounts.filter((account) => !isLost(account));
  }

  #change(process: Process, account: KnownAccount, roll: number): void {
    const { email } = account;
    if (!account.isConfirmed && this.#world.scheduler.random.once(2)) {
      this.#endAll(process, account, { kind: 'confirm', account: email });
      return;
    }
    if (roll < 82) this.#revoke(process);
    else if (roll < 88) this.#endAll(process, account, { kind: 'revoke all', account: email });
    else if (roll < 91)
      this.#endAll(process, account, { kind: 'password', account: email, password: `password${this.#next()}` });
    else if (roll < 95)
      this.#endAll(process, account, { kind: account.isConfirmed ? 'unconfirm' : 'confirm', account: email });
    else if (roll < 98) this.#setGroups(process, account);
    else if (this.#accounts.length > 3 && this.#world.scheduler.random.once(2))
      this.#endAll(process, account, { kind: 'remove', account: email });
    else this.#add(process);
  }

  #useSome(): void {
    const credential = this.#some(this.#credentials);
    if (credential !== null) this.#use(credential);
  }

  #use(credential: KnownCredential): void {
    const { random } = this.#world.scheduler;
    const process = this.#some(this.#world.ready());
    if (process === null) return;
    const { name, value } = credential;
    const used: Credential = { kind: 'token', token: name };
    if (credential.isSession) this.#clients.useSession(process, used, value);
    else this.#clients.use(process, used, `Bearer ${value}`, random.once(6) ? GROUP : null);
  }

  #usePassword(process: Process, account: KnownAccount): void {
    const password = this.#some(account.passwords) ?? '';
    const used: Credential = { kind: 'password', account: account.email, password };
    this.#clients.use(process, used, basic(account, password), null);
  }

  #issue(process: Process, account: KnownAccount): void {
    if (this.#isFull(account, false)) return;
    const value = basic(account, this.#likelyPassword(account));
    this.#clients.act(
      process,
      { kind: 'issue', account: account.email },
      (service) => issue(service, value),
      ({ jti, token }) => this.#keep({ name: jti, value: token, account, isSession: false, endedAt: null }),
      ({ jti }) => jti,
    );
  }

  #logIn(process: Process, account: KnownAccount): void {
    if (this.#isFull(account, true)) return;
    const name = `session${this.#next()}`;
    const value = basic(account, this.#likelyPassword(account));
    this.#clients.act(
      process,
      { kind: 'log in', account: account.email },
      (service) => logIn(service, value, name),
      () => this.#keep({ name, value: name, account, isSession: true, endedAt: null }),
      () => name,
    );
  }

  #revoke(process: Process): void {
    const { random } = this.#world.scheduler;
    const tokens = this.#credentials.filter(({ isSession }) => !isSession);
    const live = tokens.filter(({ endedAt }) => endedAt === null);
    const token = random.once(8) ? this.#some(tokens) : this.#some(live);
    if (token === null) return;
    const { name } = token;
    const byItself = random.once(2);
    this.#clients.act(
      process,
      { kind: 'revoke', token: name },
      (service) => revoke(service, token, byItself),
      (outcome, id) => {
        token.endedAt ??= this.#world.now;
        if (outcome === 'revoked') this.#knowledge.revoked(id, name);
        else this.#knowledge.revokedBefore(id, name, token.account.id, issuedAtOf(token));
        this.#aftermath([token]);
      },
    );
  }

  #endAll(process: Process, account: KnownAccount, act: EndingAct & { account: string }): void {
    const before = this.#credentials.filter((one) => one.account === account && one.endedAt === null);
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
        this.#aftermath(before);
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
      () => this.#aftermath(this.#credentials.filter((one) => one.account === account)),
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

  /** Uses what an act has ended, or just not, at all nodes around the bounds. */
  #aftermath(credentials: readonly KnownCredential[]): void {
    const { scheduler, clients } = this.#world;
    for (const credential of credentials.slice(0, 4)) {
      for (let i = 0; i < 4; i += 1) {
        scheduler.add(clients, 'client', scheduler.between(0, AFTERMATH), () => this.#use(credential));
      }
    }
  }

  #keep(credential: KnownCredential): void {
    this.#credentials.push(credential);
    const now = this.#world.now;
    const [least, most] = LATER_USES;
    this.#credentials = this.#credentials.filter(({ name, endedAt }) => {
      const isDone = endedAt !== null && now - endedAt > this.#world.scheduler.between(least, most);
      if (isDone) this.#world.auditor.retires(name);
      return !isDone;
    });
  }

  /** Mostly the last one. */
  #likelyPassword({ passwords }: KnownAccount): string {
    const last = passwords.at(-1) ?? '';
    return this.#world.scheduler.random.once(3) ? (this.#some(passwords) ?? last) : last;
  }

  #isFull(account: KnownAccount, isSession: boolean): boolean {
    const live = this.#credentials.filter(
      (one) => one.account === account && one.isSession === isSession && one.endedAt === null,
    );
    return live.length >= MOST_LIVE;
  }

  #some<T>(from: readonly T[]): T | null {
    return from[this.#world.scheduler.random.below(Math.max(1, from.length))] ?? null;
  }

  #next(): number {
    this.#count += 1;
    return this.#count;
  }
}
