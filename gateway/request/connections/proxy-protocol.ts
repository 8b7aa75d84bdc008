import type { Socket } from 'node:net';
import type { Logger } from '../../ops/log.ts';
import { setPeerAddress } from './peer-address.ts';
import { readProxyHeader } from './proxy-header.ts';
import { rarely } from './rare-lines.ts';
import type { Stage } from './stages.ts';

export interface ProxyProtocolDeps {
  readonly log: Logger;
  /** Whether a peer is a proxy whose header is believed. May give another answer for a later connection. */
  isTrusted(socketAddress: string | undefined): boolean;
  /** Milliseconds in which the whole header must have arrived. */
  deadline(): number;
}

/**
 * Takes the PROXY header off each connection: the address in it counts as that of the peer from then on. Connections of other
 * peers, and those without a whole header, are closed: without it, the address of the client would be that of the proxy.
 */
export function proxyProtocol({ log, isTrusted, deadline }: ProxyProtocolDeps): Stage {
  const write = rarely<'untrusted' | 'malformed' | 'overdue' | 'cut'>(log);

  return (socket, next) => {
    const peer = socket.remoteAddress;
    if (!isTrusted(peer)) {
      write(
        'untrusted',
        { peer, fault: 'client' },
        'connection closed: with listen.proxyProtocol, only proxies in trustedProxies may connect',
      );
      socket.destroy();
      return;
    }
    let pieces: Buffer[] = [];
    let length = 0;
    let needed = 1;
    const refuse = (kind: 'malformed' | 'overdue' | 'cut', detail: string) => {
      stop();
      write(kind, { peer, detail, fault: 'client' }, 'connection closed: it has no whole PROXY header');
      socket.destroy();
    };
    const onData = (bytes: Buffer) => {
      pieces.push(bytes);
      length += bytes.length;
      if (length < needed) return;
      const all = Buffer.concat(pieces, length);
      const header = readProxyHeader(all);
      if (header.kind === 'none') return refuse('malformed', header.reason);
      if (header.kind === 'partial') {
        pieces = [all];
        needed = header.needed;
        return;
      }
      stop();
      if (header.source !== null) setPeerAddress(socket, header.source);
      passOn(socket, all.subarray(header.length), next);
    };
    const onEnd = () => {
      // A proxy that only checks whether the port is open sends nothing.
      if (length > 0) return refuse('cut', 'the proxy has ended the connection');
      stop();
      socket.destroy();
    };
    const ms = deadline();
    const timer = setTimeout(() => refuse('overdue', `it did not arrive within ${ms} ms`), ms).unref();
    function stop(): void {
      clearTimeout(timer);
      socket.off('data', onData);
      socket.off('end', onEnd);
      socket.off('error', ignore);
      socket.off('close', stop);
    }
    socket.on('data', onData);
    socket.on('end', onEnd);
    socket.on('error', ignore);
    socket.on('close', stop);
  };
}

/** Goes on with a connection. Whoever takes it resumes it. */
function passOn(socket: Socket, rest: Buffer, next: (socket: Socket) => void): void {
  socket.pause();
  if (rest.length > 0) socket.unshift(rest);
  next(socket);
}

/** An error is followed by `close`. */
function ignore(): void {}
