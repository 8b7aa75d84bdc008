/** Errors that nobody caught in this test file's thread: each would have ended the gateway's process. */
export function strayErrors(): readonly unknown[] {
  const errors: unknown[] = [];
  process.on('unhandledRejection', (error) => errors.push(error));
  process.on('uncaughtException', (error) => errors.push(error));
  return errors;
}
