import { html, numberText, tableOf, timeText } from '/console/text.js';
import uPlot from '/console/uplot.js';

/** Rows of a table behind a plot: the last seconds. */
const MOST_ROWS = 30;
const HEIGHT = 180;

/** Three plots: what each shows, and in which colours. Those of maps get a series for each name that occurs. */
const PLOTS = [
  {
    id: 'requests',
    title: 'Requests per second by status',
    of: ({ rates }) => rates,
    names: ['1xx', '2xx', '3xx', '4xx', '5xx'],
    colours: [6, 2, 1, 3, 4],
  },
  {
    id: 'latency',
    title: 'Duration in milliseconds',
    of: ({ p50, p99 }) => ({ p50, p99 }),
    names: ['p50', 'p99'],
    colours: [1, 5],
  },
  {
    id: 'failures',
    title: 'Failures by fault and refusals by reason, per second',
    of: failuresAndRefusals,
    names: [],
    colours: [4, 3, 1, 5, 6, 2],
  },
];

const drawn = new Map();

function failuresAndRefusals({ failures, refusals }) {
  const named = (map, prefix) =>
    Object.entries(map).map(([name, value]) => [`${prefix}: ${name.replaceAll('_', ' ')}`, value]);
  return Object.fromEntries([...named(failures, 'fault'), ...named(refusals, 'refused')]);
}

function namesOf(plot, history) {
  return plot.names.length > 0
    ? plot.names
    : [...new Set(history.flatMap((point) => Object.keys(plot.of(point))))].sort();
}

function colourOf(plot, place) {
  return plot.colours[place % plot.colours.length];
}

/** The plots with their keys and tables. `drawPlots` draws into them afterwards. */
export function plots({ history }) {
  return html`<div class="plots">${PLOTS.map((plot) => onePlot(plot, history))}</div>`;
}

function onePlot(plot, history) {
  const names = namesOf(plot, history);
  const last = history.at(-1);
  const shownValue = (point, name) => numberText(plot.of(point)[name] ?? (plot.id === 'latency' ? null : 0));
  return html`<section aria-labelledby=${`title-${plot.id}`}>
    <h2 id=${`title-${plot.id}`}>${plot.title}</h2>
    <div class="chart" id=${`chart-${plot.id}`} aria-hidden="true"></div>
    <ul class="key">${names.map((name, place) => html`<li><span class=${`c${colourOf(plot, place)}`}>${name}</span> ${last && shownValue(last, name)}</li>`)}</ul>
    <details>
      <summary>Table: ${plot.title}</summary>
      ${tableOf(
        `The last ${MOST_ROWS} seconds: ${plot.title}`,
        ['Time', ...names],
        history
          .slice(-MOST_ROWS)
          .toReversed()
          .map(
            (point) =>
              html`<tr><th scope="row">${timeText(point.at)}</th>${names.map((name) => html`<td>${shownValue(point, name)}</td>`)}</tr>`,
          ),
      )}
    </details>
  </section>`;
}

/** Draws the history into the plots that the page has. */
export function drawPlots({ history }) {
  for (const plot of PLOTS) {
    const box = document.getElementById(`chart-${plot.id}`);
    if (box === null || history.length === 0) continue;
    const names = namesOf(plot, history);
    const missing = plot.id === 'latency' ? null : 0;
    const data = [
      history.map(({ at }) => at / 1000),
      ...names.map((name) => history.map((point) => plot.of(point)[name] ?? missing)),
    ];
    const width = Math.floor(box.clientWidth);
    const before = drawn.get(plot.id);
    if (before?.names === names.join()) {
      if (before.chart.width !== width) before.chart.setSize({ width, height: HEIGHT });
      before.chart.setData(data);
    } else {
      before?.chart.destroy();
      drawn.set(plot.id, { names: names.join(), chart: new uPlot(optionsOf(plot, names, width), data, box) });
    }
  }
}

/** Canvas knows no variables of CSS: the colour that an element of the page has is read. */
function colour(name) {
  const probe = document.createElement('i');
  probe.style.color = `var(--${name})`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

function optionsOf(plot, names, width) {
  const axis = {
    stroke: () => colour('quiet'),
    grid: { stroke: () => colour('line'), width: 1 },
    ticks: { show: false },
  };
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    // Five minutes, also while there are fewer.
    scales: {
      x: { range: (_, __, max) => [max - 300, max] },
      y: { range: (_, __, max) => [0, Math.max(1, max ?? 0) * 1.1] },
    },
    axes: [axis, { ...axis, size: 56 }],
    series: [
      {},
      ...names.map((name, place) => ({
        label: name,
        width: 1.5,
        points: { show: false },
        stroke: () => colour(`c${colourOf(plot, place)}`),
      })),
    ],
  };
}

matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
  for (const { chart } of drawn.values()) chart.redraw();
});
