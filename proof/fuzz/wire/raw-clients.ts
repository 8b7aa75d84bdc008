import { connect } from 'node:net';
import { PLACE } from './marks.ts';

/** What a client has got. */
export interface Received {
  /** As Latin-1. */
  readonly bytes: string;
  /** Whether the gateway kept the connection long after the client had ended its half. */
  readonly isHung: boolean;
}

/** Milliseconds without a byte after which a client ends its half, and after which the connection must be gone. */
const QUIET = 25;
const PATIENT = 900;
const MOST = 8_000;

/**
 * Sends a stream piece by piece, and reads until the gateway closes; a client to which nothing comes any more ends its half.
 *
 * @param stream with cuts. @param isPatient whether it waits for the deadlines of the gateway
 */
export function exchange(port: number, stream: string, isPatient: boolean): Promise<Received> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true, noDelay: true });
    let bytes = '';
    let isHung = false;
    const pieces = stream.split(PLACE.cut);
    const quiet = setTimeout(() => socket.end(), isPatient ? PATIENT : QUIET);
    const overdue = setTimeout(() => {
      isHung = true;
      socket.destroy();
    }, MOST);
    const sendNext = () => {
      const piece = pieces.shift();
      if (piece === undefined || socket.destroyed || socket.writableEnded) return;
      socket.write(Buffer.from(piece, 'latin1'));
      quiet.refresh();
      if (pieces.length > 0) setTimeout(sendNext, 2);
    };
    socket.setEncoding('latin1');
    socket.once('connect', sendNext);
    socket.on('data', (piece: string) => {
      bytes += piece;
      quiet.refresh();
    });
    socket.on('end', () => socket.end());
    socket.on('error', () => {});
    socket.once('close', () => {
      clearTimeout(quiet);
      clearTimeout(overdue);
      resolve({ bytes, isHung });
    });
  });
}
