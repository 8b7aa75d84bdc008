import type { VNode } from 'preact';
import { html } from '../../../http/html.ts';
import { type FilledForm, field, form, newPasswordField } from './form.ts';
import { type Frame, type Notice, page } from './layout.ts';

const PRESENT = {
  name: 'present',
  label: 'Present password',
  type: 'password',
  autocomplete: 'current-password',
} as const;

export function passwordPage(frame: Frame, filled: FilledForm, notice: Notice | null): VNode {
  return page(
    frame,
    { title: 'Change your password', current: 'password', notice },
    html`<p>Your tokens and other sessions end with the old password.</p>
      ${form(frame, '/password', 'Change the password', [
        field(filled, PRESENT),
        newPasswordField(filled, 'New password'),
      ])}`,
  );
}

export function emailPage(frame: Frame, filled: FilledForm, notice: Notice | null): VNode {
  const checked = filled.values.tokens === 'yes';
  return page(
    frame,
    { title: 'Change your email', current: 'email', notice },
    html`<p>Now it is <strong>${frame.owner?.email}</strong>. The new one counts when you follow the link that we send to it.</p>
      ${form(frame, '/email', 'Send the link', [
        field(filled, { name: 'email', label: 'New email', type: 'email', autocomplete: 'email', maxlength: 254 }),
        field(filled, PRESENT),
        html`<div class="field check">
          <input type="checkbox" id="tokens" name="tokens" value="yes" checked=${checked} />
          <label for="tokens">End all of my tokens as well</label>
        </div>`,
      ])}`,
  );
}
