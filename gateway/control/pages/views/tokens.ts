import type { VNode } from 'preact';
import type { Scope } from '../../../access/scopes.ts';
import { html } from '../../../http/html.ts';
import type { LiveToken } from '../../../stores/tokens/store.ts';
import { MOST_COUNTED, type TokenListPage } from '../token-list.ts';
import { type FilledForm, field, form } from './form.ts';
import { type Frame, type Notice, page } from './layout.ts';
import { scopeBoxes, scopeText } from './scope.ts';

/** A lifetime for selection. */
export interface Lifetime {
  /** Seconds. */
  readonly seconds: number;
  readonly text: string;
}

export function tokensPage(
  frame: Frame,
  {
    listed,
    lifetimes,
    scopes,
    filled,
    notice,
  }: {
    listed: TokenListPage;
    lifetimes: readonly Lifetime[];
    /** Those of the configuration, and those that the owner may have. */
    scopes: { readonly all: readonly Scope[]; readonly allowed: readonly Scope[] };
    filled: FilledForm;
    notice: Notice | null;
  },
): VNode {
  return page(
    frame,
    { title: 'Tokens', current: 'tokens', notice },
    html`<p>A token gives access to the API instead of your password. Give each program its own token, named after it.</p>
      ${form(frame, '/tokens', 'Create a token', [
        html`<h2>New token</h2>`,
        html`<div class="row">
          ${field(filled, { name: 'name', label: 'Name', required: false, maxlength: 100 })}
          ${lifetimeField(filled, lifetimes)}
        </div>`,
        scopeBoxes(filled, scopes.allowed),
      ])}
      <section aria-labelledby="list">${list(frame, listed, scopes.all)}</section>
      <section class="card split" aria-labelledby="everywhere">
        <div>
          <h2 id="everywhere">Sign out everywhere</h2>
          <p>Ends all of your tokens and sessions, this one too.</p>
        </div>
        <a class="button danger" href="${frame.path}/everywhere">Sign out everywhere</a>
      </section>`,
  );
}

function lifetimeField({ values, problems }: FilledForm, lifetimes: readonly Lifetime[]): VNode {
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

function list({ path }: Frame, { tokens, find, count, newer, older }: TokenListPage, scopes: readonly Scope[]): VNode {
  const isLong = find !== '' || newer !== null || older !== null;
  return html`<div class="over">
      <h2 id="list">Your tokens${isLong && html` <span class="quiet">(${numberOf(count, '')})</span>`}</h2>
      ${isLong && search(path, find)}
    </div>
    ${tokens.length > 0 && html`${table(path, tokens, scopes)} <p class="hint">Times are in UTC.</p>`}
    ${tokens.length === 0 && html`<p class="card quiet">${noneText(find)}</p>`}
    ${(newer !== null || older !== null) && pager(path, newer, older)}`;
}

function noneText(find: string): string {
  if (find !== '') return `None has “${find}” in its name.`;
  return 'There are none. What you create stands here until it expires or you revoke it.';
}

function search(path: string, find: string): VNode {
  return html`<form class="search" role="search" method="get" action=${path}>
    <label class="unseen" for="find">Find by name</label>
    <input id="find" name="find" type="search" maxlength="100" placeholder="Name" value=${find} autocapitalize="none" />
    <button class="small">Find</button>
    ${find !== '' && html`<a href=${path}>Show all</a>`}
  </form>`;
}

function pager(path: string, newer: string | null, older: string | null): VNode {
  return html`<nav class="pager" aria-label="Pages of tokens">
    ${newer !== null && html`<a class="button small" rel="prev" href="${path}${newer}">Newer</a>`}
    ${older !== null && html`<a class="button small" rel="next" href="${path}${older}">Older</a>`}
  </nav>`;
}

function table(path: string, tokens: readonly LiveToken[], scopes: readonly Scope[]): VNode {
  const hasScopes = scopes.length > 0;
  return html`<table class="card">
    <thead>
      <tr><th scope="col">Name</th>${hasScopes && html`<th scope="col">May</th>`}<th scope="col">Issued</th><th scope="col">Expires</th><th scope="col">Last used</th><th scope="col"><span class="unseen">Revoke</span></th></tr>
    </thead>
    <tbody>
      ${tokens.map(
        ({ jti, name, scope, issuedAt, expiresAt, lastUsedAt }) => html`<tr>
          <th scope="row">${name ?? html`<span class="quiet">without a name</span>`}</th>
          ${hasScopes && html`<td data-label="May">${scope === null ? html`<span class="quiet">all that you may</span>` : scopeText(scope, scopes)}</td>`}
          <td data-label="Issued">${moment(issuedAt)}</td>
          <td data-label="Expires">${moment(expiresAt)}</td>
          <td data-label="Last used">${lastUsedAt === null ? html`<span class="quiet">not yet</span>` : moment(lastUsedAt)}</td>
          <td class="end">
            <a class="button small" href="${path}/tokens/${jti}/revoke" aria-label="Revoke ${name ?? `the token without a name of ${minuteOf(issuedAt)}`}">Revoke</a>
          </td>
        </tr>`,
      )}
    </tbody>
  </table>`;
}

/** Formats a text for the middle of a sentence. */
export function nameOfToken(name: string | null): string {
  return name === null ? 'the token without a name' : `“${name}”`;
}

/** @param unit the singular noun; empty: only the number */
export function numberOf(count: number, unit = 'token'): string {
  const number = count < MOST_COUNTED ? String(count) : `${MOST_COUNTED.toLocaleString('en')} or more`;
  return unit === '' ? number : `${number} ${unit}${count === 1 ? '' : 's'}`;
}

/** In UTC: the server does not know the reader's time zone. */
export function moment(time: number): VNode {
  const iso = new Date(time).toISOString();
  return html`<time datetime=${iso}>${iso.slice(0, 10)} <span class="quiet">${iso.slice(11, 16)}</span></time>`;
}

function minuteOf(time: number): string {
  return new Date(time).toISOString().slice(0, 16).replace('T', ' ');
}
