import type { Aim } from '../harness/figure.ts';
import type { Spread } from '../harness/statistics.ts';

/** With as many digits as say something: `15,123`, `16.8`, `0.92`. */
export function number(value: number): string {
  const size = Math.abs(value);
  const digits = size >= 100 ? 0 : size >= 10 ? 1 : 2;
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** @param share from 0 to 1 */
export function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

/** The median, with the least and the most in brackets. */
export function spread({ median, min, max }: Spread): string {
  return `${number(median)} (${number(min)}–${number(max)})`;
}

export function quantity(value: number, unit: string): string {
  return unit === '' ? number(value) : `${number(value)} ${unit}`;
}

export function aimText(aim: Aim, unit: string): string {
  if (aim.kind === 'report') return '–';
  return `${aim.kind === 'at least' ? '≥' : '≤'} ${aim.value.toLocaleString('en')} ${unit}`.trimEnd();
}

export function verdict(met: boolean | null): string {
  return met === null ? 'reported' : met ? 'met' : '**missed**';
}

/** @param moment in ISO 8601 */
export function dateText(moment: string): string {
  return `${moment.slice(0, 10)} ${moment.slice(11, 16)} UTC`;
}

/** A row of a Markdown table. */
export function tableRow(...cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}
