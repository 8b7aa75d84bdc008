import { follow } from '/console/connection.js';
import { explainBox } from '/console/explain.js';
import { overview } from '/console/overview.js';
import { drawPlots, plots } from '/console/plots.js';
import { render } from '/console/preact.js';
import { failures, routes, servers } from '/console/tables.js';
import { html } from '/console/text.js';

/** Points of a plot: five minutes. */
const MOST_POINTS = 300;
/** As the gateway remembers them: a flood of failures by the fault of clients hides no other. */
const MOST_OF_CLIENTS = 25;
const MOST_OF_OTHERS = 50;

let state = { latest: null, lost: null, history: [], failures: [], failuresOfServers: [], explained: null };

function change(part) {
  state = { ...state, ...part };
  render(page(state), document.getElementById('app'));
  drawPlots(state);
}

function page(shown) {
  const { latest } = shown;
  return html`${overview(shown)}
    <main>
      ${plots(shown)}
      <section>
        <h2>Routes</h2>
        ${latest !== null && routes(latest)}
        ${explainBox(shown, (explained) => change({ explained }))}
      </section>
      ${latest !== null && servers(shown)}
      ${failures(shown)}
    </main>`;
}

function latestOf(failures) {
  const { client = [], other = [] } = Object.groupBy(failures, ({ fault }) =>
    fault === 'client' ? 'client' : 'other',
  );
  const kept = new Set([...client.slice(-MOST_OF_CLIENTS), ...other.slice(-MOST_OF_OTHERS)]);
  return failures.filter((failure) => kept.has(failure));
}

/** Each failure once, by its worker and number. */
function withNew(known, added, keyOf) {
  return [...new Map([...known, ...added].map((failure) => [keyOf(failure), failure])).values()];
}

change({});
follow({
  state({ history, failures: known, failuresOfServers }) {
    // A gateway that nobody else watches has sampled nothing yet: what the page has seen stays.
    change({ failures: known, failuresOfServers, ...(history.length > 1 && { history }) });
  },
  snapshot(latest) {
    const added = latest.newFailures;
    const ofServers = added.filter(({ fault, upstream }) => fault === 'upstream' && upstream !== null);
    const newer = latest.at > (state.history.at(-1)?.at ?? 0);
    change({
      latest,
      lost: null,
      history: newer ? [...state.history, latest].slice(-MOST_POINTS) : state.history,
      failures: latestOf(withNew(state.failures, added, ({ worker, number }) => `${worker} ${number}`)),
      failuresOfServers: withNew(state.failuresOfServers, ofServers, ({ upstream }) => upstream),
    });
  },
  lost: (reason) => change({ lost: reason }),
});
addEventListener('resize', () => drawPlots(state));
