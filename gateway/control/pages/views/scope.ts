import type { VNode } from 'preact';
import type { Scope } from '../../../access/scopes.ts';
import { html } from '../../../http/html.ts';
import type { FilledForm } from './form.ts';

/** The boxes for the scope of a new token; null: the account may have no scope. */
export function scopeBoxes({ values, problems }: FilledForm, allowed: readonly Scope[]): VNode | null {
  if (allowed.length === 0) return null;
  const problem = problems.scope;
  const ticked = (values.scope ?? '').split(' ');
  return html`<fieldset class="field" aria-describedby=${problem && 'scope-problem'}>
    <legend>It may</legend>
    ${allowed.map(
      ({ name, text }) => html`<div class="check">
        <input type="checkbox" id=${boxOf(name)} name=${boxOf(name)} checked=${ticked.includes(name)} />
        <label for=${boxOf(name)}>${text} <span class="quiet">${name}</span></label>
      </div>`,
    )}
    ${problem && html`<p class="problem" id="scope-problem">${problem}</p>`}
  </fieldset>`;
}

/** The name of the field that is the box of a scope. */
export function boxOf(scope: string): string {
  return `scope:${scope}`;
}

/** The texts of a token's scope. @param scopes those of the configuration; another one is shown by its name */
export function scopeText(scope: readonly string[], scopes: readonly Scope[]): string {
  return scope.map((name) => scopes.find((one) => one.name === name)?.text ?? name).join(', ');
}
