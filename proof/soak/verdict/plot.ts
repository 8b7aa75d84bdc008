import { percentile } from '../../../bench/harness/statistics.ts';
import { svg, text } from '../../../bench/report/svg.ts';
import type { BeginSample, Sample, TrafficSample } from '../samples.ts';
import { amount } from './amounts.ts';
import { warmFrom } from './judge.ts';
import type { Subject } from './series.ts';
import { rateOf } from './totals.ts';
import { inParts, type Point } from './trend.ts';

interface Line {
  /** A class of the style. */
  readonly kind: Colour;
  readonly points: readonly Point[];
}

type Colour = 'first' | 'second' | 'third' | 'brief';

interface Panel {
  readonly title: string;
  /** By which its values are written. */
  readonly unit: string;
  readonly lines: readonly Line[];
}

const COLUMNS = 3;
const MARGIN = 24;
const HEAD = 98;
const PANEL = { width: 250, height: 92, gap: 21, title: 26, foot: 18 };
const WIDTH = 2 * MARGIN + COLUMNS * PANEL.width + (COLUMNS - 1) * PANEL.gap;
/** Points of a line: more make the file larger, and no line clearer. */
const DETAIL = 90;
/** In percent: the median. */
const MIDDLE = 50;
const HOUR = 3_600_000;
const STYLE = {
  always: `  .title { font-size: 13px; font-weight: 600; }
  .axis { font-size: 11px; fill: #59636e; }
  .end { text-anchor: end; }
  path, line { fill: none; stroke-width: 1.3; stroke-linejoin: round; }
  .frame { fill: none; stroke: #d1d9e0; }
  .warm { fill: #f6f8fa; }
  .first { stroke: #1f6feb; } .second { stroke: #bc4c00; } .third { stroke: #1a7f37; } .brief { stroke: #afb8c1; }
  .kill { stroke: #cf222e; } .out { stroke: #8250df; stroke-width: 3; }`,
  dark: `    .axis { fill: #9198a1; }
    .frame { stroke: #3d444d; } .warm { fill: #161b22; }
    .first { stroke: #4493f8; } .second { stroke: #db6d28; } .third { stroke: #3fb950; } .brief { stroke: #59636e; }
    .kill { stroke: #f85149; } .out { stroke: #ab7df8; }`,
};

/** What grew and what did not, in small pictures with the same axis of time. */
export function plotOf(
  samples: readonly Sample[],
  begin: BeginSample,
  subjects: readonly Subject[],
  hours: number,
): string {
  const panels = panelsOf(samples, begin, subjects);
  const rows = Math.ceil(panels.length / COLUMNS);
  const height = HEAD + rows * (PANEL.title + PANEL.height + PANEL.foot) + MARGIN / 2;
  const marks = marksOf(samples, begin);
  const parts = panels.map((panel, i) => {
    const x = MARGIN + (i % COLUMNS) * (PANEL.width + PANEL.gap);
    const y = HEAD + Math.floor(i / COLUMNS) * (PANEL.title + PANEL.height + PANEL.foot);
    return draw(panel, x, y, hours, marks);
  });
  const about = `${begin.rate.toFixed(0)} requests per second, ${begin.database}, seed ${begin.seed}, ${new Date(begin.at).toISOString().slice(0, 10)}`;
  return svg({ width: WIDTH, height, title: `Soak: ${panels.map(({ title }) => title).join(', ')}`, style: STYLE }, [
    text(MARGIN, 36, 'heading', `${hours.toFixed(1)} hours under mixed traffic and faults`),
    text(MARGIN, 59, 'small', about),
    ...legend(MARGIN, 80),
    ...parts.flat(),
  ]);
}

function legend(x: number, y: number): string[] {
  const entries = [
    ['first', 'primary'],
    ['second', 'oldest worker'],
    ['third', 'single process, TLS'],
    ['brief', 'workers that were killed'],
    ['kill', 'a worker is killed'],
    ['out', 'Redis is out'],
  ] as const;
  let at = x;
  return entries.flatMap(([kind, meaning]) => {
    const from = at;
    at += 32 + meaning.length * 6.2;
    return [
      `<line class="${kind}" x1="${from}" y1="${y - 4}" x2="${from + 14}" y2="${y - 4}"/>`,
      text(from + 19, y, 'axis', meaning),
    ];
  });
}

function panelsOf(samples: readonly Sample[], begin: BeginSample, subjects: readonly Subject[]): Panel[] {
  const processes = subjects.filter(({ kind }) => kind === 'process');
  const oldest = processes.find(({ name }) => name.includes('worker'));
  const colourOf = ({ name }: Subject): Colour => {
    if (name.includes('primary')) return 'first';
    if (name === oldest?.name) return 'second';
    return name.includes('single') ? 'third' : 'brief';
  };
  const ofProcesses = (title: string, series: string): Panel => ({
    ...{ title, unit: series },
    // Those of least interest are below the others.
    lines: processes
      .map((subject) => ({ kind: colourOf(subject), points: subject.series.get(series) ?? [] }))
      .toSorted((one, other) => Number(other.kind === 'brief') - Number(one.kind === 'brief')),
  });
  const ofStores = (title: string, ...names: readonly [Colour, string][]): Panel => ({
    ...{ title, unit: names[0]?.[1] ?? '' },
    lines: names.map(([kind, name]) => ({
      kind,
      points: subjects.find((s) => s.kind === 'stores')?.series.get(name) ?? [],
    })),
  });
  const ofTraffic = (value: (sample: TrafficSample) => number): Point[] =>
    samples.flatMap((sample): Point[] =>
      sample.kind === 'traffic' ? [[hoursSince(begin, sample), value(sample)]] : [],
    );
  const idle = samples.flatMap((sample): Point[] => {
    return sample.kind === 'machine' ? [[hoursSince(begin, sample), 100 * (1 - sample.idle)]] : [];
  });
  return [
    ofProcesses('heap, after collection', 'heap'),
    ofProcesses('external memory', 'external'),
    ofProcesses('anonymous memory', 'anonymous memory'),
    ofProcesses('file descriptors', 'descriptors'),
    ofProcesses('TCP sockets', 'tcp sockets'),
    ofProcesses('active timers', 'active Timeout'),
    ofStores(
      'rows of tokens, revocations',
      ['first', 'rows of gatehouse_tokens'],
      ['second', 'rows of gatehouse_revocations'],
    ),
    ofStores('keys of Redis', ['first', 'redis keys']),
    ofStores('memory of Redis', ['first', 'redis memory']),
    {
      title: 'plain request: p50, p99',
      unit: 'ms',
      lines: [
        { kind: 'second', points: ofTraffic(({ operations }) => operations.get?.p99 ?? 0) },
        { kind: 'first', points: ofTraffic(({ operations }) => operations.get?.p50 ?? 0) },
      ],
    },
    { title: 'answers per second', unit: '', lines: [{ kind: 'first', points: ofTraffic(rateOf) }] },
    { title: 'load of the machine, %', unit: '', lines: [{ kind: 'brief', points: idle }] },
  ];
}

interface Mark {
  readonly kind: 'kill' | 'out';
  readonly at: number;
}

function marksOf(samples: readonly Sample[], begin: BeginSample): Mark[] {
  return samples.flatMap((sample): Mark[] => {
    if (sample.kind !== 'event') return [];
    const at = hoursSince(begin, sample);
    if (sample.event === 'kill') return [{ kind: 'kill', at }];
    return sample.event === 'redis stops' ? [{ kind: 'out', at }] : [];
  });
}

function hoursSince(begin: BeginSample, { at }: { readonly at: number }): number {
  return (at - begin.at) / HOUR;
}

/** Fewer points for what was there for a part of the run. */
function shown(points: readonly Point[], hours: number): Point[] {
  const [first, last] = [points[0]?.[0] ?? 0, points.at(-1)?.[0] ?? 0];
  return inParts(points, Math.ceil(1 + (DETAIL * (last - first)) / hours), MIDDLE);
}

function draw({ title, unit, lines }: Panel, x: number, y: number, hours: number, marks: readonly Mark[]): string[] {
  const top = y + PANEL.title;
  const bottom = top + PANEL.height;
  const drawn = lines.map(({ kind, points }) => ({ kind, points: shown(points, hours) }));
  // A single peak would press all else flat.
  const values = drawn.flatMap(({ points }) => points.map(([, value]) => value));
  const most = values.length === 0 ? 1 : Math.max(percentile(values, 99.5), 1e-9) * 1.12;
  const atX = (hour: number) => x + (hour / hours) * PANEL.width;
  const atY = (value: number) => bottom - Math.min(1, value / most) * PANEL.height;
  const warm = atX(warmFrom({ from: 0 }, hours)) - x;
  return [
    text(x, y + 18, 'title', title),
    `<text class="axis end" x="${x + PANEL.width}" y="${y + 18}">${amount(unit, most / 1.12)}</text>`,
    `<rect class="warm" x="${x}" y="${top}" width="${warm.toFixed(0)}" height="${PANEL.height}"/>`,
    `<rect class="frame" x="${x}" y="${top}" width="${PANEL.width}" height="${PANEL.height}"/>`,
    ...marks.map(({ kind, at }) => {
      return `<line class="${kind}" x1="${atX(at).toFixed(0)}" y1="${bottom - 6}" x2="${atX(at).toFixed(0)}" y2="${bottom}"/>`;
    }),
    ...drawn.map(({ kind, points }) => {
      const way = points.map(([at, value]) => `${atX(at).toFixed(0)} ${atY(value).toFixed(1)}`).join('L');
      return way === '' ? '' : `<path class="${kind}" d="M${way}"/>`;
    }),
  ].filter((part) => part !== '');
}
