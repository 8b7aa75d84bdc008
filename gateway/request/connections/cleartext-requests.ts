import type { Socket } from 'node:net';
import { badRequest } from '../../domain/errors.ts';
import type { ListenerDeps } from '../listener.ts';
import { recordOfNoRequest } from '../record.ts';
import { createRefusals } from '../refusals.ts';

/** Answers 400 to a client that sends http to the port of https. @param bytes the first ones of the connection */
export type RefuseCleartext = (socket: Socket, bytes: Buffer) => void;

export function refuseCleartextRequests(
  deps: Pick<ListenerDeps, 'log' | 'meter' | 'senderOf' | 'peerOf'>,
): RefuseCleartext {
  // The field must not be sent over http (RFC 6797 section 7.2).
  const refusals = createRefusals({ ...deps, strictTransport: () => null });
  return (socket, bytes) => {
    const [line = ''] = bytes.toString('latin1').split('\r\n', 1);
    const record = recordOfNoRequest(line, deps.peerOf(socket.remoteAddress));
    refusals.refuse(socket, record, badRequest('This port takes https only'));
  };
}
