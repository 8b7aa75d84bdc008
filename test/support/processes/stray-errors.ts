/**
 * Uncaught errors in this test file's thread, each of which would end a gateway's process, and warnings of listener leaks.
 */
export function strayErrors(): readonly unknown[] {
  const errors: unknown[] = [];
  process.on('unhandledRejection', (error) => errors.push(error));
  process.on('uncaughtException', (error) => errors.push(error));
  process.on('warning', (warning) => {
    if (warning.name === 'MaxListenersExceededWarning') errors.push(warning);
  });
  return errors;
}
