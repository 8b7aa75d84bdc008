/** The parsed content of a scrape. */
export interface Exposition {
  /** The type of each metric. */
  readonly types: ReadonlyMap<string, string>;
  /** The value of each series, such as `name{a="1",b="2"}` with sorted labels. */
  readonly series: ReadonlyMap<string, number>;
}

interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

interface Family {
  readonly name: string;
  readonly type: string;
  readonly samples: Sample[];
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const PAIR = '([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\\\\n]|\\\\["\\\\n])*)"';
const HELP = new RegExp(`^# HELP (${NAME}) ((?:[^\\\\]|\\\\[\\\\n])+)$`);
const TYPE = new RegExp(`^# TYPE (${NAME}) (counter|gauge|histogram)$`);
const SAMPLE = new RegExp(`^(${NAME})(?:\\{(${PAIR}(?:,${PAIR})*)\\})? (-?\\d+(?:\\.\\d+)?(?:e[+-]\\d+)?)$`);

/**
 * Parses the Prometheus text format, version 0.0.4, more strictly than Prometheus: every metric has its help, then its
 * type, then all its series; counters end in `_total`; histograms are complete, and their buckets are cumulative.
 *
 * @throws Error that quotes the line
 */
export function parseExposition(text: string): Exposition {
  if (!text.endsWith('\n')) throw new Error('the last line does not end');
  const families = new Map<string, Family>();
  const series = new Map<string, number>();
  let helped: string | null = null;
  let family: Family | null = null;

  for (const line of text.split('\n')) {
    const refuse = (what: string) => new Error(`${what}: ${line}`);
    if (line === '') continue;
    const [, help] = HELP.exec(line) ?? [];
    const [, name, type] = TYPE.exec(line) ?? [];
    if (help !== undefined) {
      if (helped !== null) throw refuse('a help without a type before it');
      helped = help;
    } else if (name !== undefined && type !== undefined) {
      if (helped !== name) throw refuse('a type without its help');
      if (families.has(name)) throw refuse('a metric that comes twice');
      if ((type === 'counter') !== name.endsWith('_total')) throw refuse('a counter is what ends in _total');
      helped = null;
      family = { name, type, samples: [] };
      families.set(name, family);
    } else {
      const sample = parseSample(line);
      if (sample === null) throw refuse('not a line of the format');
      if (helped !== null || family === null || !belongs(sample.name, family)) throw refuse('a series out of place');
      if (family.type === 'counter' && sample.value < 0) throw refuse('a negative count');
      const key = seriesOf(sample.name, sample.labels);
      if (series.has(key)) throw refuse('a series that comes twice');
      series.set(key, sample.value);
      family.samples.push(sample);
    }
  }
  if (helped !== null) throw new Error(`a help without a type: ${helped}`);
  for (const one of families.values()) if (one.type === 'histogram') checkHistogram(one);
  return { types: new Map([...families.values()].map(({ name, type }) => [name, type])), series };
}

/** The name of a series in `Exposition`. */
export function seriesOf(name: string, labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).sort(([one], [other]) => (one < other ? -1 : 1));
  return pairs.length === 0 ? name : `${name}{${pairs.map(([key, value]) => `${key}="${value}"`).join(',')}}`;
}

/** The values of all series of a metric, by their labels: `a="1",b="2"`. */
export function valuesOf({ series }: Exposition, metric: string): Record<string, number> {
  const own = [...series].filter(([key]) => key === metric || key.startsWith(`${metric}{`));
  return Object.fromEntries(own.map(([key, value]) => [key.slice(metric.length + 1, -1), value]));
}

/** As `valuesOf`, without zeros. */
export function countsOf(scraped: Exposition, metric: string): Record<string, number> {
  return Object.fromEntries(Object.entries(valuesOf(scraped, metric)).filter(([, value]) => value !== 0));
}

function parseSample(line: string): Sample | null {
  const found = SAMPLE.exec(line);
  if (found === null) return null;
  const labels = [...(found[2] ?? '').matchAll(new RegExp(PAIR, 'g'))].map(([, key = '', value = '']) => [key, value]);
  const unique: Record<string, string> = Object.fromEntries(labels);
  if (Object.keys(unique).length < labels.length) return null;
  return { name: found[1] ?? '', labels: unique, value: Number(found.at(-1)) };
}

function belongs(name: string, { name: metric, type }: Family): boolean {
  if (type !== 'histogram') return name === metric;
  return ['_bucket', '_sum', '_count'].some((part) => name === metric + part);
}

function checkHistogram({ name, samples }: Family): void {
  const groups = Map.groupBy(samples, ({ labels: { le: _, ...own } }) => seriesOf(name, own));
  for (const [key, group] of groups) {
    const buckets = group.filter((sample) => sample.name === `${name}_bucket`);
    const bounds = buckets.map(({ labels }) => (labels.le === '+Inf' ? Number.POSITIVE_INFINITY : Number(labels.le)));
    const counts = buckets.map(({ value }) => value);
    const total = group.filter((sample) => sample.name === `${name}_count`).map(({ value }) => value);
    const sums = group.filter((sample) => sample.name === `${name}_sum`);
    const ascends = (list: readonly number[]) => list.every((value, i) => i === 0 || (list[i - 1] as number) <= value);
    if (bounds.at(-1) !== Number.POSITIVE_INFINITY || new Set(bounds).size < bounds.length || !ascends(bounds)) {
      throw new Error(`buckets out of order: ${key}`);
    }
    if (!ascends(counts) || total.length !== 1 || total[0] !== counts.at(-1) || sums.length !== 1) {
      throw new Error(`a histogram that does not add up: ${key}`);
    }
  }
}
