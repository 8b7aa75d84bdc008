import { inScope } from '../../test/lab/open-scope.ts';
import type { Scope } from '../../test/lab/scope.ts';
import type { Figure, Plan, Row, Say } from '../harness/figure.ts';
import { startGatehouse } from '../harness/gatehouse.ts';
import type { Lab } from '../harness/lab.ts';
import { haproxy } from '../peers/haproxy.ts';
import { nginxAuthRequest } from '../peers/nginx-auth-request.ts';
import { nginxGatehouse } from '../peers/nginx-gatehouse.ts';
import type { Peer, Tokens } from '../peers/peer.ts';
import { issueTokens, prepare } from '../peers/prepare.ts';
import { type Contender, takeTurn } from '../peers/turn.ts';
import { SMALL } from '../peers/workload.ts';
import { number } from '../report/format.ts';
import { inTurns, medians } from './in-turns.ts';
import { rateRatio } from './rows-in-turns.ts';

interface Pair {
  readonly asking: Peer;
  readonly other: Peer;
  /** The least good ratio of the first rate to the second. */
  readonly aim: number;
}

const PAIRS: readonly Pair[] = [
  { asking: nginxGatehouse('0s'), other: nginxAuthRequest, aim: 1.5 },
  { asking: nginxGatehouse('2s'), other: haproxy, aim: 0.8 },
];
/** Seconds, before each turn. */
const WARM_UP = 1;

/** What Gatehouse gives to those who keep their proxy. */
export const decisions: Figure = {
  name: 'decisions',
  title: 'nginx asking Gatehouse',
  method:
    'nginx by the recipe that `gatehouse recipe nginx` prints, and the gateway that it asks, which writes a line of its log for each decision; both on the one core that the other server has for itself in its turn. Load, upstream, checks and settings of the others as in the comparison above.',
  async measure(scope, lab, plan, say) {
    const tokens = await inScope(scope, async (own) =>
      issueTokens(await startGatehouse(own, lab, { name: 'decisions' })),
    );
    const rows: Row[] = [];
    for (const pair of PAIRS) rows.push(await inScope(scope, (own) => compare(own, lab, pair, tokens, plan, say)));
    return rows;
  },
};

async function compare(
  scope: Scope,
  lab: Lab,
  { asking, other, aim }: Pair,
  tokens: Tokens,
  { rounds, seconds }: Plan,
  say: Say,
): Promise<Row> {
  const ready = async (peer: Peer) => (await prepare(scope, lab, peer, tokens, SMALL)).contender;
  const turnOf = (contender: Contender) => async () => {
    const turn = await takeTurn(scope, lab, contender, SMALL, { warmUp: WARM_UP, measured: seconds });
    contender.emptyOutput?.();
    say(`${contender.label}: ${number(turn.rate)} requests/s, ${number(turn.cpu)} µs each`);
    return turn;
  };
  const measured = await inTurns(rounds, turnOf(await ready(asking)), turnOf(await ready(other)));
  const row = rateRatio(measured, `${asking.label} ÷ ${other.label}`, aim);
  const times = medians(measured, ({ cpu }) => cpu).map(number);
  return { ...row, note: `${row.note}, ${times.join(' and ')} µs of CPU time each` };
}
