import { maxHeaderSize } from 'node:http';
import { GatewayError } from '../domain/errors.ts';
import { malformedLine, refusedLine } from '../http/request-line.ts';
import type { MessageReader } from './message-reader.ts';

/** What the parser says of a line whose method or version it does not know. */
const OF_THE_LINE: ReadonlySet<string> = new Set(['HPE_INVALID_METHOD', 'HPE_INVALID_CONSTANT', 'HPE_INVALID_VERSION']);

/** The answer to bytes that are not HTTP for Node's parser, or did not arrive. @param reader of the connection */
export function refusalOf(error: NodeJS.ErrnoException, reader: MessageReader | null): GatewayError {
  const code = error.code ?? '';
  if (reader?.hasMalformedLine) return malformedLine();
  if (OF_THE_LINE.has(code)) {
    const refused = refusedLine(reader?.line ?? '');
    if (refused !== null) return refused;
  }
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      // Which of the two is too long: the line (RFC 9112 section 3), or the fields (RFC 6585 section 5)?
      return (reader?.lineLength ?? 0) > maxHeaderSize / 2
        ? new GatewayError('uri_too_long', `the head of the request is over ${maxHeaderSize} bytes`)
        : new GatewayError('headers_too_large', error.message);
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new GatewayError('request_timeout', 'the head of the request did not arrive in time');
    default:
      return new GatewayError('bad_request', `${code} ${error.message}`);
  }
}
