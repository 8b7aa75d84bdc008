const TOLD_LENGTH = 300;

/** The end of a failed program's output, or its error if it printed nothing. */
export function failureOf(error: Error & { stdout?: string; stderr?: string }): string {
  return onOneLine(`${error.stdout ?? ''}\n${error.stderr ?? ''}`) || error.message;
}

/** The end of an output on one line, for a message. */
export function onOneLine(output: string): string {
  return output.replace(/\s+/g, ' ').trim().slice(-TOLD_LENGTH);
}
