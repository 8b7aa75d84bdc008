import { html } from '/console/text.js';

/** The box that explains one request. @param explained what the gateway has answered; null: nothing yet */
export function explainBox({ explained }, onExplained) {
  const ask = async (event) => {
    event.preventDefault();
    const query = new URLSearchParams(new FormData(event.currentTarget));
    try {
      onExplained(await (await fetch(`/console/explain?${query}`)).json());
    } catch {
      onExplained({ message: 'The gateway does not answer.' });
    }
  };
  // Each snapshot renders the page: `value` would undo what is being typed.
  return html`<form onSubmit=${ask}>
      <label>Method <input name="method" defaultValue="GET" size="8" autocomplete="off" required /></label>
      <label>Path <input name="path" defaultValue="/" size="28" autocomplete="off" required /></label>
      <label>Host (optional) <input name="host" size="18" autocomplete="off" /></label>
      <button>Explain</button>
    </form>
    <div role="status">${explained !== null && answer(explained)}</div>`;
}

function answer({ route, who, upstreams, status, message, detail }) {
  if (route === undefined) {
    const more = detail === undefined || detail === message ? '' : ` (${detail})`;
    return html`<p class="bad">${typeof status === 'number' ? `Answered with ${status}: ` : ''}${message}${more}</p>`;
  }
  return html`<dl class="facts">
    <div><dt>Route</dt><dd>${route}</dd></div>
    <div><dt>Who may pass</dt><dd>${who}</dd></div>
    <div><dt>Upstream</dt><dd>${upstreams === null ? 'the gateway answers' : upstreams.join(', ')}</dd></div>
  </dl>`;
}
