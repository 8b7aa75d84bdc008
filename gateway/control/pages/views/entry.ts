import type { VNode } from 'preact';
import { html } from '../../../http/html.ts';
import type { LoginField } from '../login-field.ts';
import { type FilledForm, field, form, newPasswordField } from './form.ts';
import { type Frame, type Notice, page } from './layout.ts';

const EMAIL = { name: 'email', label: 'Email', type: 'email', autocomplete: 'username', maxlength: 254 } as const;

export function loginPage(frame: Frame, login: LoginField, filled: FilledForm, notice: Notice | null): VNode {
  const { path, offers } = frame;
  return page(
    frame,
    { title: 'Log in', notice },
    html`${form(frame, '/login', 'Log in', [
      field(filled, { ...EMAIL, ...login }),
      field(filled, {
        name: 'password',
        label: 'Password',
        type: 'password',
        autocomplete: 'current-password',
      }),
    ])}
      <ul class="links">
        ${offers.mail && html`<li><a href="${path}/forgotten">I have forgotten my password</a></li>`}
        ${offers.registration && html`<li><a href="${path}/register">I have no account yet</a></li>`}
      </ul>`,
  );
}

export function registerPage(frame: Frame, filled: FilledForm): VNode {
  return page(
    frame,
    { title: 'Register' },
    html`${form(frame, '/register', 'Register', [
      field(filled, { ...EMAIL, hint: 'We send a message there to see that it is yours.' }),
      newPasswordField(filled, 'Password'),
    ])}
      <ul class="links">
        <li><a href="${frame.path}/login">I have an account</a></li>
      </ul>`,
  );
}

export function forgottenPage(frame: Frame, filled: FilledForm): VNode {
  return page(
    frame,
    { title: 'Forgotten password' },
    html`<p>Tell us the email of your account, and we send you a link with which you set a new password.</p>
      ${form(frame, '/forgotten', 'Send the link', field(filled, EMAIL))}
      <ul class="links">
        <li><a href="${frame.path}/login">Back to logging in</a></li>
      </ul>`,
  );
}

/** @param link the token of the link, for a hidden field of the form */
export function resetPage(frame: Frame, filled: FilledForm, link: string): VNode {
  return page(
    frame,
    { title: 'New password' },
    html`<p>Your tokens and other sessions end with the old password.</p>
      ${form(frame, '/reset', 'Set the password', [
        html`<input type="hidden" name="link" value=${link} />`,
        newPasswordField(filled, 'New password'),
      ])}`,
  );
}

/** One button: programs that open links in mails have no effect. */
export function linkPage(
  frame: Frame,
  { title, text, action, button, link }: { title: string; text: string; action: string; button: string; link: string },
): VNode {
  return page(
    frame,
    { title },
    form(frame, action, button, [html`<p>${text}</p>`, html`<input type="hidden" name="link" value=${link} />`]),
  );
}

/** The only page of an owner who is logged in but not confirmed. */
export function unconfirmedPage(frame: Frame, notice: Notice | null): VNode {
  const { owner, offers } = frame;
  return page(
    frame,
    { title: 'Confirm your email', notice },
    offers.mail
      ? form(
          frame,
          '/confirm/again',
          'Send it again',
          html`<p>
              We have sent a message to <strong>${owner?.email}</strong>. Follow the link in it, and your account is
              ready.
            </p>
            <p>Nothing there? Check your spam folder.</p>`,
        )
      : html`<div class="card">
          <p>Your account is not confirmed yet. Ask the operators of this service to confirm it.</p>
        </div>`,
  );
}

/** Says that a mail was sent to the entered address. @param again how to request another one */
export function sentPage(
  frame: Frame,
  {
    text,
    again,
    notice,
  }: { text: string; again: { action: string; email: string } | { href: string }; notice: Notice | null },
): VNode {
  const hints = html`<p>${text}</p>
    <p>It can take a minute. Nothing there? Check your spam folder, or have it sent again.</p>`;
  return page(
    frame,
    { title: 'Check your email', notice },
    'href' in again
      ? html`<div class="card">
          ${hints}
          <p class="actions"><a class="button small" href="${frame.path}${again.href}">Send it again</a></p>
        </div>`
      : form(frame, again.action, 'Send it again', [
          hints,
          html`<input type="hidden" name="email" value=${again.email} />`,
        ]),
  );
}

/** Reports the result of a step, with one link to continue. */
export function messagePage(
  frame: Frame,
  { title, texts, next }: { title: string; texts: readonly string[]; next: { href: string; text: string } | null },
): VNode {
  return page(
    frame,
    { title },
    html`<div class="card">
      ${texts.map((text) => html`<p>${text}</p>`)}
      ${next && html`<p class="actions"><a class="button" href="${frame.path}${next.href}">${next.text}</a></p>`}
    </div>`,
  );
}
