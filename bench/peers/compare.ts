import { textOfError } from '../../gateway/cli/error-text.ts';
import { OperatorError } from '../../gateway/domain/errors.ts';
import type { Scope } from '../../test/lab/scope.ts';
import type { Plan, Say } from '../harness/figure.ts';
import { startGatehouse } from '../harness/gatehouse.ts';
import type { Lab } from '../harness/lab.ts';
import { type Spread, spreadOf } from '../harness/statistics.ts';
import { number, percent } from '../report/format.ts';
import { type LeftOut, leftOutBy, type OurSpeed, type Ours, type PeerResult, type Results } from '../report/results.ts';
import { checkAnswers, checkWorkload, credentialOf } from './check.ts';
import type { Peer } from './peer.ts';
import { issueTokens, type Prepared, prepare } from './prepare.ts';
import { type Contender, speedOf, type Turn, takeTurn } from './turn.ts';
import { forgeUserId } from './user-id.ts';
import type { Workload } from './workload.ts';

/** The gateway with a token and with a password, or a peer; with what came of it so far, or why there is nothing. */
type Entrant = Contender & { readonly turns: Turn[]; failure: LeftOut | null };

/** Seconds of warm-up: at first for the compilers of those that have one, then for connections and caches. */
const FIRST_WARM_UP = 3;
const WARM_UP = 1;
/** The share of the core that nobody should take from a server. */
const DISTURBED = 0.03;

/**
 * Measures peers and the gateway in turns: each round has all of them one after the other, every second round in the other
 * direction. A peer that cannot be had, does not do what it is measured for, or fails a request is left out with the
 * reason. So is the gateway, and what was measured of the others stays.
 *
 * @param workload sent to all of them
 * @param say is told of each step
 * @throws {OperatorError} When the gateway does not do what it is measured for.
 */
export async function comparePeers(
  scope: Scope,
  lab: Lab,
  chosen: readonly Peer[],
  workload: Workload,
  plan: Plan,
  say: Say,
): Promise<{ readonly gatehouse: Ours; readonly peers: Results['peers'] }> {
  const gatehouse = await startGatehouse(scope, lab, { name: 'Gatehouse' });
  const tokens = await issueTokens(gatehouse);
  const enter = async (credential: 'token' | 'password'): Promise<Entrant> => {
    const label = `Gatehouse, ${credential}`;
    const headers = credentialOf({ credential }, tokens);
    await checkAnswers({ label, credential, knowsRevocations: credential === 'token' }, gatehouse, tokens);
    const onForgeries = Object.values(await forgeUserId({ label, userId: 'id' }, gatehouse, headers));
    const isSafe = onForgeries.every((done) => done === 'sets the account');
    if (!isSafe) throw new OperatorError(`${label} lets the client say who it is.`);
    await checkWorkload({ ...gatehouse, label, headers }, workload);
    return { ...gatehouse, label, headers, turns: [], failure: null };
  };
  const ours = { token: await enter('token'), password: await enter('password') };

  const prepared: (Prepared & { readonly peer: Peer; readonly entrant: Entrant })[] = [];
  const peers: Record<string, PeerResult> = {};
  for (const peer of chosen) {
    say(`${peer.label}: starting`);
    try {
      const ready = await prepare(scope, lab, peer, tokens, workload);
      prepared.push({ peer, ...ready, entrant: { ...ready.contender, turns: [], failure: null } });
    } catch (error) {
      peers[peer.name] = leftOutBy(error);
      say(`${peer.label} is left out: ${textOfError(error)}`);
    }
  }

  const entrants = [ours.token, ...prepared.map(({ entrant }) => entrant), ours.password];
  await playRounds(scope, lab, entrants, workload, plan, say);

  const at = new Date().toISOString();
  for (const { peer, versions, onForgeries, entrant } of prepared) {
    const beside = peer.credential === 'password' ? ours.password : ours.token;
    const ratio = ratioOf(beside, entrant);
    peers[peer.name] = entrant.failure ?? {
      ...speedOf(entrant.turns),
      kind: 'measured',
      at,
      versions,
      ratio,
      onForgeries,
    };
  }
  const [token, password] = [ourSpeed(ours.token), ourSpeed(ours.password)];
  const others = Math.max(0, ...entrants.flatMap(({ turns }) => turns.map((turn) => turn.others)));
  return { gatehouse: { at, token, password, others }, peers };
}

/** By what factor the gateway was quicker, round by round; a failure on either side leaves rounds without one. */
function ratioOf(ours: Entrant, peer: Entrant): Spread | null {
  if (ours.failure !== null || peer.failure !== null) return null;
  return spreadOf(peer.turns.map(({ rate }, round) => (ours.turns[round]?.rate ?? Number.NaN) / rate));
}

function ourSpeed({ turns, failure }: Entrant): OurSpeed {
  return failure ?? { ...speedOf(turns), kind: 'measured' };
}

async function playRounds(
  scope: Scope,
  lab: Lab,
  entrants: readonly Entrant[],
  workload: Workload,
  plan: Plan,
  say: Say,
): Promise<void> {
  for (let round = 0; round < plan.rounds; round++) {
    const seconds = { warmUp: round === 0 ? FIRST_WARM_UP : WARM_UP, measured: plan.seconds };
    for (const entrant of round % 2 === 0 ? entrants : entrants.toReversed()) {
      if (entrant.failure !== null) continue;
      try {
        const turn = await takeTurn(scope, lab, entrant, workload, seconds);
        entrant.turns.push(turn);
        say(`round ${round + 1}: ${entrant.label} ${told(turn)}`);
      } catch (error) {
        entrant.failure = leftOutBy(error);
        say(`${entrant.label} is left out: ${textOfError(error)}`);
      }
      entrant.emptyOutput?.();
    }
  }
}

function told({ rate, cpu, others }: Turn): string {
  const disturbed = others > DISTURBED ? `; others took ${percent(others)} of its core` : '';
  return `${number(rate)} requests/s, ${number(cpu)} µs each${disturbed}`;
}
