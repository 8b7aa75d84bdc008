import type { Scope } from '../../test/lab/scope.ts';
import type { Figure, Plan, Row, Say } from '../harness/figure.ts';
import type { Lab } from '../harness/lab.ts';
import { ANSWER, PATH, SIZED_PATHS } from '../harness/upstream.ts';
import { peers } from '../peers/all.ts';
import { comparePeers } from '../peers/compare.ts';
import { nginxAuthBasic } from '../peers/nginx-auth-basic.ts';
import type { Peer } from '../peers/peer.ts';
import type { Workload } from '../peers/workload.ts';
import { number, percent } from '../report/format.ts';
import type { Ours, PeerResult } from '../report/results.ts';

/** The share of a peer's aim with small answers that is wanted here. */
const SHARE = 0.85;
/** The one left out spends 50 ms on each password, whatever the size of messages is. */
const compared = peers.filter((peer) => peer !== nginxAuthBasic);
const order = { item: 'K-1024', count: 2, note: 'x'.repeat(1_024) };
/** 1,024 bytes. */
const JSON_BODY = JSON.stringify(order).replace('x'.repeat(JSON.stringify(order).length - 1_024), '');

/** Short bodies both ways, beside all others. */
export const messages: readonly Figure[] = [
  figure('post-1k', 'POST of 1 KB JSON', { path: PATH, body: JSON_BODY, answerLength: ANSWER.length }),
  figure('answers-4k', 'Answers of 4 KB', { path: SIZED_PATHS[4_096], body: null, answerLength: 4_096 }),
  figure('answers-64k', 'Answers of 64 KB', { path: SIZED_PATHS[65_536], body: null, answerLength: 65_536 }),
];

function figure(name: string, title: string, workload: Workload): Figure {
  return {
    name,
    title,
    method: `As the comparison above, with the same servers in the same turns (without ${nginxAuthBasic.label}, which is bcrypt and nothing else). The aims are ${SHARE} times those above.`,
    measure: (scope, lab, plan, say) => measure(scope, lab, workload, plan, say),
  };
}

async function measure(scope: Scope, lab: Lab, workload: Workload, plan: Plan, say: Say): Promise<Row[]> {
  const { gatehouse, peers: results } = await comparePeers(scope, lab, compared, workload, plan, say);
  return compared.flatMap((peer) => {
    const result = results[peer.name];
    return result === undefined ? [] : [rowOf(peer, result, gatehouse)];
  });
}

function rowOf({ label, credential, aim }: Peer, result: PeerResult, gatehouse: Ours): Row {
  const row = {
    what: `÷ ${label}`,
    unit: '×',
    aim: aim === null ? ({ kind: 'report' } as const) : ({ kind: 'at least', value: rounded(aim * SHARE) } as const),
  };
  const ours = credential === 'password' ? gatehouse.password : gatehouse.token;
  if (result.kind === 'left out') return { ...row, value: null, note: result.reason };
  if (ours.kind === 'left out') return { ...row, value: null, note: `Gatehouse failed: ${ours.reason}` };
  const both = [ours, result];
  const rates = both.map(({ rate }) => number(rate.median)).join(' and ');
  const times = both.map(({ cpu }) => number(cpu.median)).join(' and ');
  const busy = both.map((speed) => percent(speed.busy.median)).join(' and ');
  return { ...row, value: result.ratio, note: `${rates} requests/s, ${times} µs of CPU time each, busy ${busy}` };
}

function rounded(aim: number): number {
  return Math.round(aim * 100) / 100;
}
