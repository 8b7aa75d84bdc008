import { validateHeaderName, validateHeaderValue } from 'node:http';
import { nameAt, type RawFields, valueAt } from '../../fields/raw-fields.ts';
import { reasonPhrase } from '../answer-head.ts';
import type { AnswerHead } from './intercept.ts';

/** A complete answer that has not been sent. */
export interface WholeAnswer {
  readonly status: number;
  readonly reason: string;
  readonly fields: RawFields;
  readonly body: Buffer;
}

export interface Draft extends AnswerHead {
  /** @throws RangeError for an invalid status, TypeError for an invalid reason phrase */
  withBody(body: Buffer): WholeAnswer;
}

/** Makes the head of an answer changeable. Fields keep their order. */
export function draftOf({ status, reason, fields }: WholeAnswer): Draft {
  let pairs: [name: string, value: string][] = [];
  for (let at = 0; at < fields.length; at += 2) pairs.push([nameAt(fields, at), valueAt(fields, at)]);

  const valuesOf = (name: string) =>
    pairs.filter(([other]) => other.toLowerCase() === name.toLowerCase()).map(([, value]) => value);
  const remove = (name: string) => {
    pairs = pairs.filter(([other]) => other.toLowerCase() !== name.toLowerCase());
  };
  const draft: Draft = {
    statusCode: status,
    statusMessage: reason,
    getHeader(name) {
      const values = valuesOf(name);
      return values.length > 1 ? values : values[0];
    },
    setHeader(name, value) {
      validateHeaderName(name);
      const values = [value].flat().map(String);
      for (const one of values) validateHeaderValue(name, one);
      remove(name);
      for (const one of values) pairs.push([name, one]);
    },
    removeHeader: remove,
    withBody(body) {
      const { statusCode } = draft;
      const reason = String(draft.statusMessage);
      if (!Number.isInteger(statusCode) || statusCode < 200 || statusCode > 599) {
        throw new RangeError(`${statusCode} is not a valid status`);
      }
      if (reasonPhrase(reason) !== reason)
        throw new TypeError(`${JSON.stringify(reason)} is not a valid reason phrase`);
      return { status: statusCode, reason, fields: pairs.flat(), body };
    },
  };
  return draft;
}
