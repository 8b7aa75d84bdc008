import type { VNode } from 'preact';
import { type Filled, field, form } from './form.ts';
import { html } from './html.ts';
import { type Frame, hiddenToken, type Notice, page } from './layout.ts';

/** A live token, as its owner sees it. Times are milliseconds since 1970. */
export interface ListedToken {
  readonly id: string;
  readonly name: string | null;
  readonly issuedAt: number;
  readonly expiresAt: number;
  /** To within some minutes; null: not yet. */
  readonly lastUsedAt: number | null;
}

/** A lifetime that can be chosen. */
export interface Lifetime {
  /** Seconds. */
  readonly seconds: number;
  readonly text: string;
}

export function tokensPage(
  frame: Frame,
  {
    tokens,
    lifetimes,
    filled,
    notice,
  }: { tokens: readonly ListedToken[]; lifetimes: readonly Lifetime[]; filled: Filled; notice: Notice | null },
): VNode {
  return page(
    frame,
    { title: 'Tokens', current: 'tokens', notice },
    html`<p>A token opens the API in place of your password. Give each program one of its own, named after it.</p>
      ${form(frame, '/tokens', 'Create a token', [
        html`<h2>New token</h2>`,
        html`<div class="row">
          ${field(filled, { name: 'name', label: 'Name', required: false, maxlength: 100 })}
          ${lifetimeField(filled, lifetimes)}
        </div>`,
      ])}
      <section aria-labelledby="list">
        <h2 id="list">Your tokens</h2>
        ${
          tokens.length === 0
            ? html`<p class="card quiet">There are none. What you create stands here until it expires or you revoke it.</p>`
            : html`${table(frame, tokens)}
                <p class="hint">Times are in UTC.</p>`
        }
      </section>
      <section class="card split" aria-labelledby="everywhere">
        <div>
          <h2 id="everywhere">Sign out everywhere</h2>
          <p>Ends all of your tokens and sessions, this one too.</p>
        </div>
        <form method="post" action="${frame.path}/everywhere">
          ${hiddenToken(frame.formToken)}
          <button class="danger">Sign out everywhere</button>
        </form>
      </section>`,
  );
}

function lifetimeField({ values, problems }: Filled, lifetimes: readonly Lifetime[]): VNode {
  const problem = problems.lifetime;
  return html`<div class="field">
    <label for="lifetime">Expires after</label>
    <select id="lifetime" name="lifetime" aria-invalid=${problem && 'true'} aria-describedby=${problem && 'lifetime-problem'}>
      ${lifetimes.map(
        ({ seconds, text }) =>
          html`<option value=${seconds} selected=${values.lifetime === String(seconds)}>${text}</option>`,
      )}
    </select>
    ${problem && html`<p class="problem" id="lifetime-problem">${problem}</p>`}
  </div>`;
}

function table({ path, formToken }: Frame, tokens: readonly ListedToken[]): VNode {
  return html`<table class="card">
    <thead>
      <tr><th scope="col">Name</th><th scope="col">Issued</th><th scope="col">Expires</th><th scope="col">Last used</th><th scope="col"><span class="unseen">Revoke</span></th></tr>
    </thead>
    <tbody>
      ${tokens.map(
        ({ id, name, issuedAt, expiresAt, lastUsedAt }) => html`<tr>
          <th scope="row">${name ?? html`<span class="quiet">without a name</span>`}</th>
          <td data-label="Issued">${moment(issuedAt)}</td>
          <td data-label="Expires">${moment(expiresAt)}</td>
          <td data-label="Last used">${lastUsedAt === null ? html`<span class="quiet">not yet</span>` : moment(lastUsedAt)}</td>
          <td class="end">
            <form method="post" action="${path}/tokens/${id}/revoke">
              ${hiddenToken(formToken)}
              <button class="small" aria-label="Revoke ${name ?? 'the token without a name'}">Revoke</button>
            </form>
          </td>
        </tr>`,
      )}
    </tbody>
  </table>`;
}

/** In UTC: the page is made where nobody knows the reader's clock. */
function moment(time: number): VNode {
  const iso = new Date(time).toISOString();
  return html`<time datetime=${iso}>${iso.slice(0, 10)} <span class="quiet">${iso.slice(11, 16)}</span></time>`;
}

/** The only time that a token is shown. @param curl a line that uses it */
export function createdPage(
  frame: Frame,
  { name, token, curl }: { name: string | null; token: string; curl: string },
): VNode {
  return page(
    frame,
    { title: 'Your new token', current: 'tokens' },
    html`<p class="notice heed">
        Copy ${name === null ? 'it' : html`the token “${name}”`} now: it is shown this once, and kept nowhere.
      </p>
      <div class="card">
        ${copyable({ id: 'token', label: 'Token', button: 'Copy the token', text: token })}
        ${copyable({ id: 'curl', label: 'Try it in a terminal', button: 'Copy the command', text: curl })}
        <p class="actions"><a class="button" href=${frame.path}>Done</a></p>
      </div>`,
  );
}

/** The button is shown by the script that makes it work. */
function copyable({ id, label, button, text }: Record<'id' | 'label' | 'button' | 'text', string>): VNode {
  return html`<div class="field copyable">
    <label for=${id}>${label}</label>
    <textarea id=${id} readonly rows="5" spellcheck=${false}>${text}</textarea>
    <button type="button" class="small" data-copy=${id} aria-live="polite" hidden>${button}</button>
  </div>`;
}
