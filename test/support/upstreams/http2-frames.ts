import type { ExecutionContext } from 'ava';
import { tcpUpstream } from '../../lab/upstreams/upstream.ts';

/** Types of frames: RFC 9113 section 6. */
export const DATA = 0;
export const HEADERS = 1;
export const RST_STREAM = 3;
export const SETTINGS = 4;
export const PUSH_PROMISE = 5;
export const GOAWAY = 7;
export const WINDOW_UPDATE = 8;
export const CONTINUATION = 9;

export const END_STREAM = 1;
export const END_HEADERS = 4;
const ACK = 1;
/** The length of the client's connection preface in bytes. */
const PREFACE = 24;
/** The length of a frame header in bytes. */
const HEAD = 9;

export function frame(type: number, flags: number, stream: number, payload: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(HEAD);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** Concatenated 32-bit integers. */
export function numbers(...values: readonly number[]): Buffer {
  return Buffer.concat(
    values.map((value) => {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32BE(value);
      return bytes;
    }),
  );
}

/** Literal fields without Huffman coding (RFC 7541 section 6.2.2); up to 126 bytes each. */
export function fields(...pairs: readonly (readonly [name: string, value: string])[]): Buffer {
  const text = (content: string) => Buffer.from(String.fromCharCode(content.length) + content, 'latin1');
  return Buffer.concat(pairs.flatMap(([name, value]) => [Buffer.from([0]), text(name), text(value)]));
}

/** A server that sends an HTTP/2 preface, and answers the head of each request with the given bytes. */
export function http2Peer(t: ExecutionContext, answer: (stream: number) => readonly Buffer[]) {
  return tcpUpstream(t, (socket) => {
    let rest = Buffer.alloc(0);
    let skip = PREFACE;
    socket.write(frame(SETTINGS, 0, 0));
    socket.on('data', (bytes: Buffer) => {
      rest = Buffer.concat([rest, bytes]);
      for (;;) {
        const at = rest.subarray(skip);
        if (at.length < HEAD || at.length < HEAD + at.readUIntBE(0, 3)) break;
        skip += HEAD + at.readUIntBE(0, 3);
        if (at[3] === SETTINGS && at[4] !== ACK) socket.write(frame(SETTINGS, ACK, 0));
        if (at[3] === HEADERS) socket.write(Buffer.concat(answer(at.readUInt32BE(5))));
      }
    });
  });
}
