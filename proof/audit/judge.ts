import type { Ending } from './accounts.ts';
import type { Bounds, Listing, OutageKind, Rule, Use } from './events.ts';
import type { Outages } from './outages.ts';
import type { Issued, OpenAct, Truth } from './truth.ts';

/** Judges answers by the truth and the outages. */
export interface Judge {
  used(use: Use): void;
  listed(listing: Listing): void;
  /** Whether an outage explains that the node could not do this. */
  mayFail(act: OpenAct, ended: number): boolean;
}

/** @param violated called with the rule, the time and a line */
export function createJudge(
  truth: Truth,
  outages: Outages,
  bounds: Bounds,
  violated: (rule: Rule, at: number, text: string) => void,
): Judge {
  /** Milliseconds from the acknowledgement until the node must know, by the outages in between. */
  const boundOf = (ending: Ending, node: string, until: number): number => {
    // A node that has lost both stores knows that it may lack revocations; one that has lost the database alone does not.
    const isBlind = outages.within('database', node, ending.begun, until);
    const isUnheard = outages.within('redis', ending.node, ending.begun, until);
    return isBlind && isUnheard ? bounds.known + bounds.cache : bounds.known;
  };

  /** The moment from which on the node must know the account as it is. */
  const knownSince = ({ node, begun, ended }: Use): number => {
    const since = begun - bounds.known;
    return outages.within('database', node, since - bounds.cache, ended) ? since - bounds.cache : since;
  };

  /** Whether the node must act by this ending when it answers a request that begins then. */
  const holds = (ending: Ending, bound: number, begun: number, ended: number): boolean =>
    !ending.isForgotten &&
    begun > ending.acknowledged + bound &&
    !outages.lost(ending.acknowledged, begun - bounds.known, ended);

  const judgeAccount = (use: Use, name: string) => {
    const { begun: _, ended, group, credential } = use;
    const { exists, confirmed, groups, password } = truth.account(name);
    const from = knownSince(use);
    const forbidden = (why: string) =>
      violated('accepted although the account forbids it', ended, `${told(use)}: ${name} ${why}`);
    if (!exists.possible(from, ended).includes(true)) return forbidden('was removed');
    if (!confirmed.possible(from, ended).includes(true)) return forbidden('was not confirmed');
    if (group !== null && !groups.possible(from, ended).some((some) => some.includes(group)))
      return forbidden(`was not in the group ${group}`);
    if (credential.kind === 'password' && !password.possible(from, ended).includes(credential.password))
      forbidden('had another password');
  };

  const judgeAccepted = (use: Use, one: Issued) => {
    const { node, process, begun, ended } = use;
    const refused = one.refusedBy.get(process);
    if (refused !== undefined && begun > refused)
      violated('accepted again', ended, `${told(use)}, which this process had refused at ${ms(refused)}`);
    for (const ending of one.certain)
      if (holds(ending, boundOf(ending, node, begun), begun, ended))
        violated('accepted after a revocation', ended, `${told(use)}: ${described(ending)}`);
  };

  const judgeForbidden = (use: Use, name: string) => {
    const { ended, group } = use;
    const { exists, confirmed, groups } = truth.account(name);
    const from = knownSince(use);
    const mayBe = [
      !exists.possible(from, ended).every(Boolean),
      !confirmed.possible(from, ended).every(Boolean),
      group !== null && !groups.possible(from, ended).every((some) => some.includes(group)),
    ];
    if (!mayBe.includes(true)) violated('refused what stands', ended, `${told(use)}: nothing forbids it to ${name}`);
  };

  const judgeRefused = (use: Use, one: Issued | null, name: string) => {
    const { process, begun, ended, credential } = use;
    const { exists, password } = truth.account(name);
    const from = knownSince(use);
    const isPresent = exists.possible(from, ended).every(Boolean);
    if (credential.kind === 'password') {
      const isRight = password.possible(from, ended).every((one) => one === credential.password);
      if (isPresent && isRight) violated('refused what stands', ended, `${told(use)}: ${name} has this password`);
      return;
    }
    // A store of sessions may lose them: only what is accepted is judged.
    if (one === null || one.isSession) return;
    if (ended > one.staleUntil && !one.refusedBy.has(process)) one.refusedBy.set(process, ended);
    if (one.maybe.size === 0 && begun > one.staleUntil && isPresent)
      violated('refused what stands', ended, `${told(use)}: no revocation of it has begun`);
  };

  const isExcused = (kinds: readonly OutageKind[], node: string, begun: number, ended: number) =>
    kinds.some((kind) => outages.within(kind, node, begun - bounds.recovery, ended));

  return {
    mayFail({ kind, node, begun }, ended) {
      // Sessions are in Redis where there is one.
      const kinds = [...NEEDED, 'writes', ...(kind === 'log in' ? ['redis' as const] : [])] as const;
      return isExcused(kinds, node, begun, ended);
    },
    used(use) {
      const { credential, status, node, begun, ended } = use;
      const one = credential.kind === 'token' ? truth.issued(credential.token) : null;
      if (one === undefined) return;
      const name = credential.kind === 'password' ? credential.account : (one?.account ?? '');
      switch (status) {
        case 200:
          judgeAccount(use, name);
          if (one !== null) judgeAccepted(use, one);
          return;
        case 401:
          return judgeRefused(use, one, name);
        case 403:
          return judgeForbidden(use, name);
        case 503:
          if (!isExcused(NEEDED, node, begun, ended)) violated('unavailable without an outage', ended, told(use));
          return;
        default:
          violated('unexpected status', ended, told(use));
      }
    },
    listed({ node, account, tokens, begun, ended }) {
      const there = new Set(tokens);
      for (const [name, one] of truth.issuedTo(account)) {
        if (one.isSession) continue;
        const list = `list of ${node}, asked for at ${ms(begun)}: ${name}`;
        if (!there.has(name)) {
          const stands = one.ended < begun && one.maybe.size === 0 && one.staleUntil < begun && !one.isRecordLost;
          if (stands) violated('not listed', ended, list);
          continue;
        }
        for (const ending of one.certain) {
          // The record of a token that is revoked by id is marked in the same transaction.
          const bound = ending.kind === 'revoke' ? 0 : boundOf(ending, node, begun);
          if (holds(ending, bound, begun, ended))
            violated('listed although revoked', ended, `${list}: ${described(ending)}`);
        }
      }
    },
  };
}

const NEEDED: readonly OutageKind[] = ['database', 'process'];

function told({ node, process, credential, status, begun }: Use): string {
  const what =
    credential.kind === 'token' ? credential.token : `the password ${credential.password} of ${credential.account}`;
  return `${status} of ${node} (${process}) for ${what}, sent at ${ms(begun)}`;
}

function described({ kind, node, begun, acknowledged }: Ending): string {
  return `${kind} at ${node}, begun at ${ms(begun)}, acknowledged at ${ms(acknowledged)}`;
}

function ms(at: number): string {
  return `${Math.round(at)} ms`;
}
