import { type AnswerHead, BadAnswer, readAnswerHead } from '../../gateway/forward/direct/answer-head.ts';
import { Chunks } from '../../gateway/forward/direct/chunks.ts';

/** What the readers of `gateway/forward/direct/` make of the bytes of one connection. */
export interface ReadAnswer {
  /** The heads of the 1xx answers, then that of the answer. */
  readonly heads: readonly AnswerHead[];
  /** As Latin-1. */
  readonly body: string;
  readonly trailers: readonly string[];
  /**
   * `partial`: more bytes are needed. `bad`: the bytes are refused, for the reason in `why`.
   */
  readonly state: 'partial' | 'complete' | 'bad';
  readonly why: string;
  /** Where the answer ends, once it is complete; for `bad`, where the piece begins that is refused. */
  readonly end: number;
}

/** Reads an answer piece by piece. @param pieces which arrive one after the other */
export function readAnswer(pieces: readonly Buffer[], method: string): ReadAnswer {
  const heads: AnswerHead[] = [];
  let body = '';
  let chunks: Chunks | null = null;
  let begun: Buffer = Buffer.alloc(0);
  let passed = 0;
  let left = 0;
  let final: AnswerHead | null = null;
  const result = (state: ReadAnswer['state'], why: string, end: number): ReadAnswer => ({
    ...{ heads, body, trailers: chunks?.trailers ?? [], state, why, end },
  });
  for (const piece of pieces) {
    const bytes = Buffer.concat([begun, piece]);
    let at = 0;
    begun = Buffer.alloc(0);
    try {
      while (final === null) {
        const head = readAnswerHead(bytes, at, bytes.length, method);
        if (head === null) break;
        heads.push(head);
        at = head.end;
        if (head.status >= 200) {
          final = head;
          if (head.framing.kind === 'chunked') chunks = new Chunks();
          if (head.framing.kind === 'length') left = head.framing.length;
        } else if (head.status === 101 || head.status < 100) {
          return result('bad', 'status', passed);
        }
      }
      if (final === null) {
        begun = bytes.subarray(at);
        passed += at;
        continue;
      }
      let end = bytes.length;
      if (chunks !== null) {
        end = chunks.read(bytes, at, bytes.length, (from, to) => {
          body += bytes.toString('latin1', from, to);
        });
      } else if (final.framing.kind !== 'close') {
        end = Math.min(bytes.length, at + left);
        left -= end - at;
      }
      if (chunks === null) body += bytes.toString('latin1', at, end);
      const isOver = chunks === null ? final.framing.kind !== 'close' && left === 0 : chunks.isOver;
      if (isOver) return result('complete', '', passed + end);
      passed += bytes.length;
    } catch (error) {
      if (error instanceof BadAnswer) return result('bad', error.message, passed);
      throw error;
    }
  }
  return result('partial', '', passed);
}
