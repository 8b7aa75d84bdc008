import { peers } from '../peers/all.ts';
import { number } from './format.ts';
import type { OurSpeed, Results, Speed } from './results.ts';
import { svg, text } from './svg.ts';

interface Bar {
  readonly label: string;
  readonly rate: number;
  readonly isOurs: boolean;
}

interface Group {
  readonly title: string;
  readonly bars: readonly Bar[];
}

const WIDTH = 840;
const MARGIN = 24;
/** Where bars begin: labels stand before. */
const LEFT = 290;
/** Kept free behind the longest bar, for its value. */
const VALUE = 80;
const BAR = 22;
const ROW = 32;
const HEAD = 78;
const TITLE = 38;
const LEAST_BAR = 2;
const STYLE = {
  always: `  .group { font-size: 13px; font-weight: 600; fill: #59636e; }
  .label { text-anchor: end; }
  .value { font-variant-numeric: tabular-nums; }
  .strong { font-weight: 600; }
  .ours { fill: #1f6feb; }
  .other { fill: #afb8c1; }`,
  dark: `    .group { fill: #9198a1; }
    .ours { fill: #4493f8; }
    .other { fill: #59636e; }`,
};

/** The comparison as an SVG picture with a background of its own, readable on light and dark pages. */
export function plotOf({ gatehouse, peers: measured, machine }: Results): string | null {
  if (gatehouse === null) return null;
  const bar = (label: string, { rate }: Speed, isOurs: boolean): Bar => ({ label, rate: rate.median, isOurs });
  const ours = (speed: OurSpeed) => (speed.kind === 'measured' ? [bar('Gatehouse', speed, true)] : []);
  const others = (credential: 'token' | 'password' | 'none') =>
    peers.flatMap((peer) => {
      const result = measured[peer.name];
      return peer.credential === credential && result?.kind === 'measured' ? [bar(peer.label, result, false)] : [];
    });
  const groups: Group[] = [
    { title: 'A token with each request', bars: [...ours(gatehouse.token), ...others('token')] },
    {
      title: 'A password with each request',
      bars: [...ours(gatehouse.password), ...others('password')],
    },
    { title: 'No authentication', bars: others('none') },
  ];
  const shown = groups
    .filter(({ bars }) => bars.length > 0)
    .map(({ title, bars }) => ({ title, bars: bars.toSorted((one, other) => other.rate - one.rate) }));
  return picture(shown, `More is better. 32 connections, 130 bytes of JSON; ${machine.cpu}`);
}

function picture(groups: readonly Group[], subtitle: string): string {
  const most = Math.max(...groups.flatMap(({ bars }) => bars.map(({ rate }) => rate)));
  const widthOf = (rate: number) => Math.max(LEAST_BAR, ((WIDTH - MARGIN - VALUE - LEFT) * rate) / most);
  const parts: string[] = [];
  let y = HEAD;
  for (const { title, bars } of groups) {
    parts.push(text(MARGIN, y + 18, 'group', title));
    y += TITLE - 8;
    for (const { label, rate, isOurs } of bars) {
      const width = widthOf(rate);
      const kind = isOurs ? 'ours' : 'other';
      parts.push(
        text(LEFT - 12, y + 15.5, isOurs ? 'label strong' : 'label', label),
        `<rect class="${kind}" x="${LEFT}" y="${y}" width="${width.toFixed(1)}" height="${BAR}" rx="3"/>`,
        text(LEFT + width + 8, y + 15.5, isOurs ? 'value strong' : 'value', number(rate)),
      );
      y += ROW;
    }
    y += 14;
  }
  return svg({ width: WIDTH, height: y + 4, title: `Requests per second: ${spoken(groups)}`, style: STYLE }, [
    text(MARGIN, 36, 'heading', 'Requests per second, on one core'),
    text(MARGIN, 59, 'small', subtitle),
    ...parts,
  ]);
}

/** For those who do not see the picture. */
function spoken(groups: readonly Group[]): string {
  return groups
    .map(({ title, bars }) => `${title}: ${bars.map(({ label, rate }) => `${label} ${number(rate)}`).join(', ')}`)
    .join('. ');
}
