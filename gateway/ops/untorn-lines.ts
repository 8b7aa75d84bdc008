/** Bytes that one write puts into a pipe atomically: PIPE_BUF of Linux (pipe(7)). */
export const ONE_PIECE = 4_096;
/** UTF-16 units of a text that are kept first; halved until the line is short enough. */
const LONGEST_TEXT = 1_024;

/**
 * Shortens the texts in a line of JSON that is too long to be written atomically. Only paths of thousands of characters and
 * long stacks make such lines.
 */
export function untornLine(line: string): string {
  return fits(line) ? line : shortened(line);
}

function fits(line: string): boolean {
  return line.length * 3 <= ONE_PIECE || Buffer.byteLength(line) <= ONE_PIECE;
}

function shortened(line: string): string {
  const fields: unknown = JSON.parse(line);
  for (let longest = LONGEST_TEXT; ; longest /= 2) {
    const cut = (_name: string, value: unknown) =>
      typeof value === 'string' && value.length > longest ? `${value.slice(0, longest)}…` : value;
    const shorter = `${JSON.stringify(fields, cut)}\n`;
    if (fits(shorter) || longest <= 1) return shorter;
  }
}
