/** `message` is one line that says what to do; `output` is what npm printed. */
export class InstallError extends Error {
  constructor(message, output = '') {
    super(message);
    this.name = 'InstallError';
    this.output = output;
  }
}

/** Ends the process on a failed installation: npm's output, then one line that says what to do. Rethrows anything else. */
export function exitOnInstallError(error) {
  if (!(error instanceof InstallError)) throw error;
  if (error.output !== '') process.stderr.write(`${error.output.trimEnd()}\n`);
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}
