import { once } from 'node:events';
import { connect } from 'node:net';
import { requestText } from '../gateways/forwarding.ts';

export type Framing = 'length' | 'chunked';

const BLOCK = Buffer.alloc(64 * 1024, 'x');
const CHUNK = Buffer.concat([Buffer.from('10000\r\n'), BLOCK, Buffer.from('\r\n')]);

/**
 * Uploads like a simple program: sends everything as fast as possible, and reads the response only after that.
 *
 * @param bytes length of the body
 * @returns the whole response; rejects with the error of the connection
 */
export function uploadThenRead(port: number, target: string, bytes: number, framing: Framing): Promise<string> {
  // One at a time: on a busy machine, many at once take longer than a gateway that has answered reads on (`LINGER`).
  const upload = last.then(() => sendThenRead(port, target, bytes, framing));
  last = upload.catch(() => {});
  return upload;
}

let last: Promise<unknown> = Promise.resolve();

async function sendThenRead(port: number, target: string, bytes: number, framing: Framing): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
  const field = framing === 'length' ? `Content-Length: ${bytes}` : 'Transfer-Encoding: chunked';
  socket.write(requestText(`POST ${target}`, [field]));
  for (let sent = 0; sent < bytes; sent += BLOCK.length) {
    if (!socket.write(framing === 'length' ? BLOCK : CHUNK)) await once(socket, 'drain');
  }
  if (framing === 'chunked') socket.write('0\r\n\r\n');
  let answer = '';
  for await (const piece of socket.setEncoding('latin1')) answer += piece;
  socket.destroy();
  return answer;
}
