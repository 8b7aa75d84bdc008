import { html, numberText, tableOf, timeText } from '/console/text.js';

/** Routes by rate. */
export function routes(latest) {
  const rows = latest.routes.map(
    ({ name, rate, p99, failures }) => html`<tr>
      <th scope="row">${name}</th><td>${numberText(rate)}</td><td>${numberText(p99)}</td>
      <td class=${failures > 0 ? 'bad' : ''}>${numberText(failures)}</td>
    </tr>`,
  );
  return html`${tableOf('Routes', ['Route', 'Requests/s', 'p99 ms', 'Failures/s'], rows)}
    ${latest.moreRoutes > 0 && html`<p class="quiet">${latest.moreRoutes} more routes.</p>`}`;
}

/** Upstream servers, and the last failure of each. */
export function servers({ latest, failuresOfServers }) {
  const lastOf = new Map(failuresOfServers.map((failure) => [failure.upstream, failure]));
  const rows = latest.servers.map(({ group, server, isUp }) => {
    const last = lastOf.get(server);
    return html`<tr>
      <th scope="row">${group}</th><td><code>${server}</code></td>
      <td class=${isUp ? 'good' : 'bad'}>${isUp ? 'up' : 'down'}</td>
      <td class="long">${last === undefined ? '–' : `${timeText(last.at)} ${last.detail} (${last.id})`}</td>
    </tr>`;
  });
  return html`<section>
    <h2>Upstream servers</h2>
    ${tableOf('Upstream servers', ['Group', 'Server', 'State', 'Last failure'], rows)}
    ${latest.moreServers > 0 && html`<p class="quiet">${latest.moreServers} more servers.</p>`}
  </section>`;
}

/** The last failures, the newest first. */
export function failures({ failures: all }) {
  const rows = all.toReversed().map(
    ({ at, status, fault, method, path, route, detail, upstream, id, worker }) => html`<tr>
      <td>${timeText(at)}</td><td>${status}</td><td>${fault}</td><td class="long">${method} ${path}</td><td>${route ?? '–'}</td>
      <td class="long">${detail}${upstream !== null && ` (${upstream})`}</td><td class="long"><code>${id}</code></td>
      <td>${worker ?? '–'}</td>
    </tr>`,
  );
  return html`<section>
    <h2>Last failures</h2>
    <p class="quiet">Search the log for the id.</p>
    ${
      rows.length === 0
        ? html`<p>None.</p>`
        : tableOf('Last failures', ['Time', 'Status', 'Fault', 'Request', 'Route', 'Detail', 'Id', 'Worker'], rows)
    }
  </section>`;
}
