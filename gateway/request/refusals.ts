import { type IncomingMessage, maxHeaderSize, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { GatewayError } from '../domain/errors.ts';
import type { RequestRecord } from '../domain/request-record.ts';
import { forwardingFields, type SenderOf } from '../http/client-address.ts';
import { lingeringClose } from '../http/early-answer.ts';
import { errorJson } from '../http/error-answer.ts';
import { malformedLine, refusedLine } from '../http/request-line.ts';
import type { Logger } from '../ops/log.ts';
import { logRequest, type RequestMeter } from './access-log.ts';
import type { MessageReader } from './message-reader.ts';
import { NO_ANSWER, newRecord } from './record.ts';

export interface RefusalDeps {
  readonly log: Logger;
  readonly meter: Pick<RequestMeter, 'answered'>;
  readonly senderOf: SenderOf;
  /** @returns the value of `Strict-Transport-Security` for a peer whose request cannot be read; null: none */
  strictTransport(address: string | undefined): string | null;
}

/** Answers and log lines for requests that never reach `OnRequest` or `OnUpgrade`. */
export interface Refusals {
  recordOf(req: IncomingMessage): RequestRecord;
  /** Answers, measures and logs bytes that are no request, or a request that the gateway never takes. */
  refuse(socket: Duplex, record: RequestRecord, error: GatewayError): void;
  /** Writes the answer and closes the connection. @returns bytes of the body */
  answer(socket: Duplex, id: string, error: GatewayError): number;
  /** Measures and logs a request that was never started and gets no answer. */
  neverStarted(record: RequestRecord, failure: GatewayError): void;
}

export function createRefusals({ log, meter, senderOf, strictTransport }: RefusalDeps): Refusals {
  const answer: Refusals['answer'] = (socket, id, error) => {
    const body = errorJson(error);
    const length = Buffer.byteLength(body);
    const others = Object.entries(error.headers).filter(([name]) => name !== 'Connection');
    const fields = others.map(([name, value]) => `${name}: ${value}\r\n`);
    socket.on('error', () => socket.destroy());
    const strict = strictTransport((socket as Socket).remoteAddress);
    socket.write(
      `HTTP/1.1 ${error.status} ${STATUS_CODES[error.status]}\r\n` +
        `Content-Type: application/json\r\nContent-Length: ${length}\r\n${fields.join('')}` +
        `${strict === null ? '' : `Strict-Transport-Security: ${strict}\r\n`}` +
        `Cache-Control: no-store\r\nX-Request-Id: ${id}\r\nDate: ${new Date().toUTCString()}\r\nConnection: close\r\n\r\n${body}`,
    );
    lingeringClose(socket);
    return length;
  };
  const end = (record: RequestRecord, failure: GatewayError, status: number): void => {
    record.failure = failure;
    meter.answered(record, status);
    logRequest(log, record, status);
  };
  return {
    recordOf(req) {
      const { client } = senderOf(req.socket.remoteAddress, forwardingFields(req));
      return newRecord(req, client, req.headers['x-request-id']);
    },
    refuse(socket, record, error) {
      record.sent = answer(socket, record.id, error);
      end(record, error, error.status);
    },
    answer,
    neverStarted: (record, failure) => end(record, failure, NO_ANSWER),
  };
}

export function headOverdue(): GatewayError {
  return new GatewayError('request_timeout', 'the head of the request did not arrive in time');
}

/** The parser's codes for a line whose method or version it does not know. */
const OF_THE_LINE: ReadonlySet<string> = new Set(['HPE_INVALID_METHOD', 'HPE_INVALID_CONSTANT', 'HPE_INVALID_VERSION']);

/**
 * Turns a failure of Node's parser, or its timeout, into the answer.
 *
 * @param error of the server's event `clientError`
 * @param reader of the same connection
 */
export function refusalOf(error: NodeJS.ErrnoException, reader: MessageReader | null): GatewayError {
  const code = error.code ?? '';
  if (reader?.hasMalformedLine) return malformedLine();
  if (OF_THE_LINE.has(code)) {
    const refused = refusedLine(reader?.line ?? '');
    if (refused !== null) return refused;
  }
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      // The parser does not say which is too long: the line (RFC 9112 section 3), or the fields (RFC 6585 section 5).
      return (reader?.lineLength ?? 0) > maxHeaderSize / 2
        ? new GatewayError('uri_too_long', `the head of the request is over ${maxHeaderSize} bytes`)
        : new GatewayError('headers_too_large', error.message);
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return headOverdue();
    default:
      return new GatewayError('bad_request', `${code} ${error.message}`);
  }
}
