import type { IncomingMessage, ServerResponse } from 'node:http';
import { clientClosed } from '../../domain/errors.ts';
import type { RequestRecord } from '../../domain/request-record.ts';
import { mustCloseAfterAnswer } from '../../http/early-answer.ts';
import type { OnRequest } from '../on-request.ts';
import type { Decide } from './decide.ts';
import type { DecisionAnswer } from './decision-answer.ts';

/** Measures and logs a decision whose answer is complete, or whose proxy has left. @param status that was sent; 499: none */
export type OnDecided = (record: RequestRecord, status: number) => void;

/** Creates the handler of subrequests that are not plain: of HTTP/1.0, for example, or with chunked bodies. */
export function createOnSubrequest(decide: Decide, onDecided: OnDecided): OnRequest {
  return (req, res) => {
    const { method = '', url = '', rawHeaders: fields, httpVersion: version } = req;
    const { record, answer } = decide({ method, url, fields, version, socketAddress: req.socket.remoteAddress });
    res.on('close', () => {
      if (!res.writableFinished) record.failure ??= clientClosed();
      onDecided(record, res.headersSent ? res.statusCode : record.status);
    });
    const send = (decided: DecisionAnswer) => {
      record.sent = sendDecision(req, res, decided);
    };
    // One microtask later the parser has read the bytes that came with the head, perhaps the whole body.
    if (answer instanceof Promise || !req.complete) void Promise.resolve(answer).then(send);
    else send(answer);
    return record;
  };
}

/** @returns bytes of the body that was sent */
function sendDecision(
  req: IncomingMessage,
  res: ServerResponse,
  { status, reason, fields, body }: DecisionAnswer,
): number {
  // The listener has answered a body that is malformed.
  if (res.destroyed || !req.socket.writable) return 0;
  const closes = mustCloseAfterAnswer(req, res, true);
  res.writeHead(status, reason, closes ? [...fields, 'Connection', 'close'] : [...fields]);
  res.end(body);
  return req.method === 'HEAD' ? 0 : body.length;
}
