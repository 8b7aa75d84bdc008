import { OperatorError } from '../../gateway/domain/errors.ts';
import type { Scope } from '../../test/lab/scope.ts';
import { type Gatehouse, issueToken, revokeToken } from '../harness/gatehouse.ts';
import type { Lab } from '../harness/lab.ts';
import { install } from '../harness/packages.ts';
import type { MeasuredPeer } from '../report/results.ts';
import { checkAnswers, checkWorkload, credentialOf } from './check.ts';
import type { Peer, Tokens } from './peer.ts';
import type { Contender } from './turn.ts';
import { forgeUserId } from './user-id.ts';
import type { Workload } from './workload.ts';

/** A peer that is ready for the rounds. */
export interface Prepared extends Pick<MeasuredPeer, 'versions' | 'onForgeries'> {
  readonly contender: Contender;
}

/** What peers are shown: any gateway of the laboratory issues what all of them take. */
export async function issueTokens(gatehouse: Gatehouse): Promise<Tokens> {
  const tokens = { good: await issueToken(gatehouse), revoked: await issueToken(gatehouse) };
  await revokeToken(gatehouse, tokens.revoked);
  return tokens;
}

/**
 * Installs what a peer needs, starts it, and holds that it does what it is measured for.
 *
 * @throws {OperatorError} When it cannot be had or does not.
 */
export async function prepare(
  scope: Scope,
  lab: Lab,
  peer: Peer,
  tokens: Tokens,
  workload: Workload,
): Promise<Prepared> {
  for (const software of peer.needs) {
    const reason = await install(software);
    if (reason !== null) throw new OperatorError(`${software} cannot be had: ${reason}`);
  }
  const running = await peer.start(scope, lab, tokens);
  await checkAnswers(peer, running, tokens);
  const headers = credentialOf(peer, tokens);
  await checkWorkload({ ...running, label: peer.label, headers }, workload);
  const onForgeries = peer.credential === 'none' ? null : await forgeUserId(peer, running, headers);
  return { versions: await peer.versions(), onForgeries, contender: { ...running, label: peer.label, headers } };
}
