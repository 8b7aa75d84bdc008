import { html, numberText, timeText } from '/console/text.js';

function fact(name, value, isBad = false) {
  return html`<div><dt>${name}</dt><dd class=${isBad ? 'bad' : ''}>${value}</dd></div>`;
}

/** The line of states. */
export function overview({ latest, lost }) {
  return html`<header>
    <h1>Gatehouse console</h1>
    <div role="status">${lost !== null && html`<p class="notice bad">Connection lost: ${lost}. Trying again.</p>`}</div>
    ${latest === null ? html`<p class="quiet">Waiting for the first snapshot.</p>` : facts(latest)}
  </header>`;
}

function facts(latest) {
  const { file, appliedAt } = latest.configuration;
  const state = latest.status.replaceAll('_', ' ');
  const down = latest.unavailable.length === 0 ? '' : ` (down: ${latest.unavailable.join(', ')})`;
  return html`<dl class="facts">
    ${fact('State', state + down, latest.status !== 'ready')}
    ${fact('Version', latest.version)}
    ${fact('Processes', latest.workers)}
    ${latest.stores.map(({ name, isUp }) => fact(`Store ${name}`, isUp ? 'up' : 'down', !isUp))}
    ${fact('Denylist', `${numberText(latest.denylistAge)} s old`)}
    ${fact('In flight', numberText(latest.inFlight))}
    ${fact('WebSockets', numberText(latest.webSockets))}
    ${fact('Event loop p99', `${numberText(latest.eventLoop)} ms`)}
    ${fact('Configuration', html`<code>${file}</code>, in use since ${new Date(appliedAt).toISOString().slice(0, 10)} ${timeText(appliedAt)}`)}
  </dl>`;
}
