import htm from '/console/htm.js';
import { h } from '/console/preact.js';

export const html = htm.bind(h);

/** A number, or a dash where there is none. */
export function numberText(value) {
  return value === null || value === undefined ? '–' : value.toLocaleString('en', { maximumFractionDigits: 1 });
}

/** The time of day. @param at milliseconds since 1970 */
export function timeText(at) {
  return new Date(at).toLocaleTimeString('en-GB');
}

/** A table in a box that scrolls, which the keyboard can reach. */
export function tableOf(label, columns, rows) {
  return html`<div class="scroll" tabindex="0" role="region" aria-label=${label}>
    <table>
      <thead><tr>${columns.map((column) => html`<th scope="col">${column}</th>`)}</tr></thead>
      <tbody>${rows}</tbody>
    </table>
  </div>`;
}
