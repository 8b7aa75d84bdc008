import type { VNode } from 'preact';
import type { Scope } from '../../../access/scopes.ts';
import { type Content, html } from '../../../http/html.ts';
import type { LiveToken } from '../../../stores/tokens/store.ts';
import type { NewToken } from '../handed-token.ts';
import { type Frame, hiddenToken, type Notice, page } from './layout.ts';
import { scopeText } from './scope.ts';
import { moment, nameOfToken, numberOf } from './tokens.ts';

/** Shows a token, once. @param curl a command that uses it */
export function createdPage(
  frame: Frame,
  { name, token, scope, curl, scopes }: NewToken & { curl: string; scopes: readonly Scope[] },
): VNode {
  return page(
    frame,
    { title: 'Your new token', current: 'tokens' },
    html`<p class="notice heed">
        Copy ${name === null ? 'it' : html`the token “${name}”`} now: it is shown this once.
      </p>
      <div class="card">
        ${scope !== null && html`<p>Whoever has it may: ${scopeText(scope, scopes)}.</p>`}
        ${copyable({ id: 'token', label: 'Token', button: 'Copy the token', text: token })}
        ${copyable({ id: 'curl', label: 'Try it in a terminal', button: 'Copy the command', text: curl })}
        <p class="actions"><a class="button" href=${frame.path}>Done</a></p>
      </div>`,
  );
}

/** The script that makes the button work also shows it. */
function copyable({ id, label, button, text }: Record<'id' | 'label' | 'button' | 'text', string>): VNode {
  return html`<div class="field copyable">
    <label for=${id}>${label}</label>
    <textarea id=${id} readonly rows="5" spellcheck=${false}>${text}</textarea>
    <button type="button" class="small" data-copy=${id} aria-live="polite" hidden>${button}</button>
  </div>`;
}

/** Asks for confirmation before a token is revoked. */
export function revokePage(frame: Frame, { jti, name, issuedAt, expiresAt, lastUsedAt }: LiveToken): VNode {
  return page(
    frame,
    { title: `Revoke ${nameOfToken(name)}?`, current: 'tokens' },
    question(frame, { action: `/tokens/${jti}/revoke`, button: 'Revoke the token', back: 'Keep the token' }, [
      html`<p>Whatever uses it is refused from then on. That cannot be undone.</p>`,
      html`<dl>
        <div><dt>Issued</dt><dd>${moment(issuedAt)}</dd></div>
        <div><dt>Expires</dt><dd>${moment(expiresAt)}</dd></div>
        <div><dt>Last used</dt><dd>${lastUsedAt === null ? 'not yet' : moment(lastUsedAt)}</dd></div>
      </dl>`,
    ]),
  );
}

/** Asks for confirmation before all tokens and sessions are ended. @param count the number of live tokens */
export function everywherePage(frame: Frame, count: number, notice: Notice | null): VNode {
  const tokens = count === 0 ? 'You have no tokens.' : `You have ${numberOf(count)}: whatever uses one is refused.`;
  return page(
    frame,
    { title: 'Sign out everywhere?', current: 'tokens', notice },
    question(frame, { action: '/everywhere', button: 'Sign out everywhere', back: 'Stay signed in' }, [
      html`<p>This ends all of your tokens and sessions, this one too. That cannot be undone.</p>`,
      html`<p>${tokens}</p>`,
    ]),
  );
}

function question(
  { path, formToken }: Frame,
  { action, button, back }: { action: string; button: string; back: string },
  content: Content,
): VNode {
  return html`<form class="card" method="post" action="${path}${action}">
    ${hiddenToken(formToken)} ${content}
    <div class="actions choice"><button class="danger">${button}</button> <a class="button small" href=${path}>${back}</a></div>
  </form>`;
}
