import type { Account } from '../../gateway/domain/account.ts';
import { GatewayError } from '../../gateway/domain/errors.ts';
import type { Login } from '../../gateway/identify/standing.ts';
import type { Act, ActOutcome, Credential } from '../audit/events.ts';
import type { Process } from './process.ts';
import type { Service } from './service.ts';
import type { World } from './world.ts';

/** What came back: a value, the status of an error, or nothing since the process died. */
export type Answer<T> = { readonly value: T } | { readonly status: number } | null;

/** The address of all clients. */
export const CLIENT = '192.0.2.1';
/** Milliseconds that a request or its answer is under way. */
const FASTEST = 0.1;
const SLOWEST = 2;

/** Sends requests to processes, and tells the auditor what was asked and answered. */
export class Clients {
  readonly #world: World;
  readonly #open = new Map<Process, Set<() => void>>();

  /** Called when an act has ended with an unknown outcome. */
  onUnknown: () => void = () => {};

  constructor(world: World) {
    this.#world = world;
  }

  /** The process has died: its requests get no answer. */
  abandon(process: Process): void {
    const open = this.#open.get(process) ?? [];
    this.#open.delete(process);
    for (const unanswered of open) this.#later(unanswered);
  }

  /** @param onRefused called when the answer is 401 */
  use(
    process: Process,
    credential: Credential,
    value: string,
    group: string | null,
    onRefused: () => void = () => {},
  ): void {
    const { auditor, scheduler } = this.#world;
    const begun = scheduler.now;
    this.#ask(
      process,
      (service) => statusOf(service, value, group),
      (answer) => {
        if (answer === null) return;
        const status = 'value' in answer ? answer.value : answer.status;
        auditor.used({
          node: process.node,
          process: process.name,
          credential,
          group,
          status,
          begun,
          ended: scheduler.now,
        });
        if (status === 401) onRefused();
      },
    );
  }

  /** @param id of the session in its store */
  useSession(process: Process, credential: Credential, id: string): void {
    const { auditor, scheduler } = this.#world;
    const begun = scheduler.now;
    this.#ask(
      process,
      (service) => statusOfSession(service, id),
      (answer) => {
        // Its store may be out, or have lost it: only what is accepted is judged.
        if (answer === null || 'status' in answer) return;
        const times = { begun, ended: scheduler.now };
        auditor.used({
          node: process.node,
          process: process.name,
          credential,
          group: null,
          status: answer.value,
          ...times,
        });
      },
    );
  }

  list(process: Process, account: string, id: string): void {
    const { auditor, scheduler } = this.#world;
    const begun = scheduler.now;
    this.#ask(
      process,
      async ({ accounts, live }) => {
        const present = await accounts.findById(id);
        if (present === null) throw new GatewayError('not_found', 'no such account');
        const found = await live.list(present, { order: 'oldest first', after: null, limit: 1_000 });
        return found.map(({ jti }) => jti);
      },
      (answer) => {
        if (answer === null || 'status' in answer) return;
        auditor.listed({ node: process.node, account, tokens: answer.value, begun, ended: scheduler.now });
      },
    );
  }

  /**
   * @param work resolves with null when it had no effect
   * @param done called with the result of an act that is acknowledged
   */
  act<T>(
    process: Process,
    act: Act,
    work: (service: Service) => Promise<T | null>,
    done: (result: T, id: number) => void,
    nameOf: (result: T) => string | undefined = () => undefined,
  ): void {
    const { auditor, scheduler } = this.#world;
    const id = auditor.begins(act, process.node, scheduler.now);
    this.#world.note(`${process.name}: ${describe(act)} (${id})`);
    this.#ask(process, work, (answer) => {
      const outcome = outcomeOf(answer);
      const result = answer !== null && 'value' in answer ? answer.value : null;
      this.#world.note(`${process.name}: ${describe(act)} (${id}) ${outcome}`);
      if (outcome === 'unknown') this.onUnknown();
      auditor.ends(id, outcome, scheduler.now, result === null ? undefined : nameOf(result));
      if (result !== null) done(result, id);
    });
  }

  #later(run: () => void): void {
    const { scheduler, clients } = this.#world;
    scheduler.add(clients, 'answer', scheduler.between(FASTEST, SLOWEST), run);
  }

  #ask<T>(process: Process, work: (service: Service) => Promise<T>, done: (answer: Answer<T>) => void): void {
    const open = this.#open.get(process) ?? new Set();
    this.#open.set(process, open);
    const unanswered = () => {
      if (open.delete(unanswered)) done(null);
    };
    open.add(unanswered);
    const settle = (answer: Answer<T>) =>
      this.#later(() => {
        if (open.delete(unanswered)) done(answer);
      });
    const { scheduler } = this.#world;
    scheduler.add(process, 'request', scheduler.between(FASTEST, SLOWEST), () => {
      const { service } = process;
      if (service === null) return;
      work(service).then(
        (value) => settle({ value }),
        (error: unknown) => {
          if (!(error instanceof GatewayError)) this.#world.note(`${process.name}: ${String((error as Error).stack)}`);
          settle({ status: error instanceof GatewayError ? error.status : 500 });
        },
      );
    });
  }
}

/** The account that the credential proves. @throws GatewayError 401 or 403 */
export async function identified({ identify }: Service, value: string): Promise<Account> {
  const outcome = await identify('authorization ', value, CLIENT);
  if (outcome.kind !== 'found') throw new GatewayError('unauthorized', 'refused');
  const { account } = outcome.identity;
  if (!account.confirmed) throw new GatewayError('forbidden', 'unconfirmed account');
  return account;
}

async function statusOf(service: Service, value: string, group: string | null): Promise<number> {
  const { groups } = await identified(service, value);
  return group === null || groups.includes(group) ? 200 : 403;
}

/** As the pages do: the session, the account from the store, and what stands. */
async function statusOfSession({ sessions, accounts, standing }: Service, id: string): Promise<number> {
  const content = await sessions.read(id);
  if (content === null) return 401;
  const { accountId, ...login } = JSON.parse(content) as Login & { readonly accountId: string };
  const account = await accounts.findById(accountId);
  if (standing.ofLogin(login, account) !== null) return 401;
  return account?.confirmed === true ? 200 : 403;
}

function outcomeOf(answer: Answer<unknown>): ActOutcome {
  if (answer === null) return 'unknown';
  if ('value' in answer) return answer.value === null ? 'refused' : 'acknowledged';
  return answer.status < 500 ? 'refused' : 'unknown';
}

function describe(act: Act): string {
  return 'token' in act ? `${act.kind} ${act.token}` : `${act.kind} ${act.account}`;
}
