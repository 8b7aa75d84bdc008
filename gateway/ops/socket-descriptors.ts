import { fstatSync } from 'node:fs';

/** The first descriptor that a service manager passes (sd_listen_fds(3)). */
export const FIRST_PASSED = 3;

/** Whether a service manager, or another parent, has passed sockets. */
export function inheritsSockets(): boolean {
  // The channel to a parent that is a Node program is a socket as well.
  return isSocket(FIRST_PASSED) && process.env.NODE_CHANNEL_FD !== String(FIRST_PASSED);
}

export function isSocket(fd: number): boolean {
  try {
    return fstatSync(fd).isSocket();
  } catch {
    return false;
  }
}
