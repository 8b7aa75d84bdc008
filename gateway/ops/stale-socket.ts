import { lstatSync, unlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { OperatorError } from '../domain/errors.ts';
import type { ListenerName } from '../settings/schema/listener-options.ts';

/**
 * Removes the socket file that a process has left which ended without closing it. To be called by one process of the
 * gateway, before any of them listens.
 *
 * @throws OperatorError if a program listens on it, or if it is no socket
 */
export async function removeStaleSocket(listener: ListenerName, path: string): Promise<void> {
  const file = lstatSync(path, { throwIfNoEntry: false });
  if (file === undefined) return;
  const refuse = (reason: string) =>
    new OperatorError(`${listener}: cannot listen on ${path}: ${reason}. Set ${listener}.socket to another path.`);
  if (!file.isSocket()) throw refuse('it is not a socket');
  if (await isAnswered(path)) throw refuse('it is in use by another program');
  try {
    unlinkSync(path);
  } catch (error) {
    throw refuse(`a socket that nobody listens on cannot be removed (${(error as Error).message})`);
  }
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    // Anything but a refusal, such as missing permission, says that the socket may be another program's.
    socket.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code !== 'ECONNREFUSED' && code !== 'ENOENT'));
  });
}
