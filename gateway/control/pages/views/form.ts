import type { VNode } from 'preact';
import { type Content, html } from '../../../http/html.ts';
import { type Frame, hiddenToken } from './layout.ts';

/** The values of a form and their problems, by field name. */
export interface FilledForm {
  readonly values: Readonly<Record<string, string>>;
  readonly problems: Readonly<Record<string, string>>;
}

export const EMPTY_FORM: FilledForm = { values: {}, problems: {} };

export interface Field {
  readonly name: string;
  readonly label: string;
  readonly type?: 'text' | 'email' | 'password';
  readonly autocomplete?: string;
  readonly hint?: string;
  readonly required?: boolean;
  readonly maxlength?: number;
}

/** A form that posts to `action`, with its CSRF token. */
export function form(frame: Frame, action: string, button: string, content: Content): VNode {
  return html`<form class="card" method="post" action="${frame.path}${action}" novalidate>
    ${hiddenToken(frame.formToken)} ${content}
    <div class="actions"><button>${button}</button></div>
  </form>`;
}

/** The field for a new password. */
export function newPasswordField(filled: FilledForm, label: string): VNode {
  return field(filled, {
    name: 'password',
    label,
    type: 'password',
    autocomplete: 'new-password',
    hint: '8 characters or more; a few words are easier to remember than a few signs.',
  });
}

/** A field with its label, hint and problem. A password is never shown again. */
export function field(
  { values, problems }: FilledForm,
  { name, label, type = 'text', autocomplete, hint, required = true, maxlength }: Field,
): VNode {
  const problem = problems[name];
  // The first field with a problem gets the focus. The problem is its description, which screen readers read.
  const isFirstProblem = Object.keys(problems)[0] === name;
  const described = [hint && `${name}-hint`, problem && `${name}-problem`].filter(Boolean).join(' ');
  return html`<div class="field">
    <label for=${name}>${label}</label>
    ${hint && html`<p class="hint" id="${name}-hint">${hint}</p>`}
    <input
      id=${name}
      name=${name}
      type=${type}
      value=${type === 'password' ? undefined : (values[name] ?? '')}
      autocomplete=${autocomplete}
      autocapitalize="none"
      spellcheck=${false}
      required=${required}
      maxlength=${maxlength}
      autofocus=${isFirstProblem}
      aria-invalid=${problem === undefined ? undefined : 'true'}
      aria-describedby=${described === '' ? undefined : described}
    />
    ${problem && html`<p class="problem" id="${name}-problem">${problem}</p>`}
  </div>`;
}
