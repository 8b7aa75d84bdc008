import dataHandler from 'ioredis/built/DataHandler.js';

/**
 * Closes a connection on which Redis, or a proxy in front of it, answers more than it was asked: from then on, answers may belong
 * to other commands.
 *
 * ioredis (6.0) reports an `error` event, and keeps the connection. If the answer is null, it throws outside of every promise,
 * which ends the process.
 */
export function closeAfterUnaskedAnswers(): void {
  const handler = dataHandler.default.prototype as unknown as { shiftCommand(this: DataHandler): unknown };
  handler.shiftCommand = function shiftCommand() {
    const item = this.redis.commandQueue.shift();
    if (item !== undefined) return item;
    const error = new Error('the server has answered without being asked');
    this.redis.recoverFromFatalError(error, error, { offlineQueue: false });
    return null;
  };
}

interface DataHandler {
  readonly redis: {
    readonly commandQueue: { shift(): unknown };
    recoverFromFatalError(command: Error, error: Error, options: { readonly offlineQueue: boolean }): void;
  };
}
