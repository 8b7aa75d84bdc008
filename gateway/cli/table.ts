import { visibleLine } from '../domain/visible-text.ts';

/** Rows of cells as text in aligned columns, one row a line. */
export function alignedTable(cells: readonly (readonly string[])[]): string {
  const rows = cells.map((row) => row.map(visibleLine));
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, cell.length);
  }
  const line = (row: readonly string[]) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ');
  return rows.map((row) => `${line(row).trimEnd()}\n`).join('');
}

/** @param time milliseconds since 1970 @returns UTC in ISO 8601, to the second */
export function momentText(time: number): string {
  return new Date(time).toISOString().replace(/\.\d+Z$/, 'Z');
}
