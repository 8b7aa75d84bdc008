import { figures } from '../figures/all.ts';
import { type Figure, meets } from '../harness/figure.ts';
import type { Spread } from '../harness/statistics.ts';
import { peers } from '../peers/all.ts';
import type { Peer } from '../peers/peer.ts';
import { aimText, dateText, number, percent, quantity, spread, tableRow, verdict } from './format.ts';
import type { MeasuredPeer, Ours, Results } from './results.ts';

/** The report, `results.md`. */
export function reportOf(results: Results): string {
  const { cpu, cores, memory, kernel, node } = results.machine;
  return [
    '# Measured',
    `${cpu}, ${cores} cores, ${memory} GiB; ${kernel}; Node ${node.replace('v', '')}. Made by \`npm run bench\`: [README.md](README.md) says how.`,
    ...comparison(results),
    ...figures.flatMap((figure) => figureSection(figure, results)),
    ...leftOut(results),
  ]
    .join('\n\n')
    .concat('\n');
}

function comparison(results: Results): string[] {
  const { gatehouse } = results;
  if (gatehouse === null) return [];
  const credentials = ['token', 'password'] as const;
  const ours = credentials.flatMap((credential) => {
    const speed = gatehouse[credential];
    if (speed.kind === 'left out') return [];
    const { rate, cpu, busy } = speed;
    const cells = [OURS, credential, spread(rate), number(cpu.median), percent(busy.median)];
    return [tableRow(...cells, '', '', dateText(gatehouse.at))];
  });
  const failures = credentials.flatMap((credential) => {
    const speed = gatehouse[credential];
    if (speed.kind === 'measured') return [];
    return [`**Gatehouse failed with a ${credential}** (${dateText(speed.at)}): ${speed.reason}`];
  });
  return [
    '## Beside others',
    '![Requests per second, by server and credential](results.svg)',
    'One core for the server, 32 connections, 130 bytes of JSON, the same upstream for all. Each figure is the median of the rounds, with the ' +
      'least and the most. The ratio is taken round by round: with a token against those that take a token or nothing, ' +
      'with a password against those that take a password.',
    [
      tableRow('', 'with', 'requests/s', 'CPU µs per request', 'busy', 'Gatehouse ÷ it', 'aim', 'measured'),
      tableRow('---', '---', '--:', '--:', '--:', '--:', '---', '---'),
      ...ours,
      ...peers.flatMap((peer) => peerRow(peer, results)),
    ].join('\n'),
    ...failures,
    `“Busy” is the share of its core that the server had at work: with less than all of it, the load or the upstream on the other core was the limit. ${disturbance(gatehouse)}`,
    ['What each does:', '', `- **Gatehouse**: ${DOES}.`, ...peers.flatMap((peer) => doesLine(peer, results))].join(
      '\n',
    ),
  ];
}

const OURS = '**Gatehouse**';
const DOES =
  'the whole of it: proves the token or the password (after the first request from its cache), asks its copy of the ' +
  'denylist and the state of the account, forwards, counts and times for its metrics, and writes a line into a log file; MariaDB and Redis connected. Checked: with a forged `X-User-Id` or `x_user_id` it sets the account';

/** Beyond this share of the core, others have changed the figures by more than the rounds differ by themselves. */
const DISTURBED = 0.05;

function disturbance({ others }: Ours): string {
  const told = `Other programs took at most ${percent(others)} of that core in any turn`;
  return others > DISTURBED
    ? `${told}: **the rates and ratios are disturbed by them**, and only the CPU times still say something.`
    : `${told}.`;
}

function peerRow({ name, label, credential, aim }: Peer, { peers }: Results): string[] {
  const result = peers[name];
  if (result?.kind !== 'measured') return [];
  const { rate, cpu, busy, ratio, at } = result;
  const what = credential === 'none' ? 'nothing' : credential;
  const cells = [
    label,
    what,
    spread(rate),
    number(cpu.median),
    percent(busy.median),
    ratio === null ? '–' : `${spread(ratio)} ×`,
  ];
  return [tableRow(...cells, ratioAim(aim, ratio), dateText(at))];
}

function ratioAim(aim: Peer['aim'], ratio: MeasuredPeer['ratio']): string {
  if (aim === null) return '–';
  return `≥ ${aim} × ${ratio === null ? '**not measured**' : verdict(ratio.median >= aim)}`;
}

function doesLine({ name, label, does }: Peer, { peers }: Results): string[] {
  const result = peers[name];
  return result?.kind === 'measured' ? [`- **${label}** (${result.versions}): ${does}.${forgeryText(result)}`] : [];
}

function forgeryText({ onForgeries }: MeasuredPeer): string {
  if (onForgeries === null) return '';
  const { 'X-User-Id': own, x_user_id: other } = onForgeries;
  return own === other
    ? ` Checked: with a forged \`X-User-Id\` or \`x_user_id\` it ${own}.`
    : ` Checked: with a forged \`X-User-Id\` it ${own}, with a forged \`x_user_id\` it ${other}.`;
}

function figureSection({ name, title, method }: Figure, { figures }: Results): string[] {
  const result = figures[name];
  if (result?.kind !== 'measured') return [];
  return [
    `## ${title}`,
    `${method} Measured ${dateText(result.at)}.`,
    [
      tableRow('', 'measured', 'aim', '', ''),
      tableRow('---', '--:', '---', '---', '---'),
      ...result.rows.map(({ what, value, unit, aim, note }) => {
        const measured = value === null ? '–' : measuredText(value, unit);
        return tableRow(
          what,
          measured,
          aimText(aim, unit),
          value === null ? 'left out' : verdict(meets({ value, aim })),
          note,
        );
      }),
    ].join('\n'),
  ];
}

function measuredText(value: Spread, unit: string): string {
  return value.min === value.max ? quantity(value.median, unit) : `${spread(value)} ${unit}`.trimEnd();
}

function leftOut(results: Results): string[] {
  const all = [
    ...peers.map(({ name, label }) => ({ label, result: results.peers[name] })),
    ...figures.map(({ name, title }) => ({ label: title, result: results.figures[name] })),
  ];
  const lines = all.flatMap(({ label, result }) => {
    if (result === undefined) return [`- ${label}: not yet measured here.`];
    return result.kind === 'left out' ? [`- ${label} (${dateText(result.at)}): ${result.reason}`] : [];
  });
  return lines.length === 0 ? [] : ['## Left out', lines.join('\n')];
}
