import type { AnswerHead } from '../../gateway/forward/direct/answer-head.ts';
import { Random } from '../random.ts';
import { type Finding, firstOf, unequal } from './finding.ts';
import { NodeParser, type ReadMessage } from './node-parser.ts';
import { type ReadAnswer, readAnswer } from './read-answer.ts';

const node = new NodeParser('answers');

/** Compares what the gateway's readers of answers read with what Node's parser reads. @param seed chooses method and cuts */
export function compareAnswers(bytes: Buffer, seed: number): Finding {
  const random = new Random(seed);
  const method = methodOf(seed);
  const ours = readAnswer([bytes], method);
  const kind = kindOf(bytes, ours, method);
  return { kind, difference: differenceByCuts(bytes, ours, method, random) ?? differenceOf(bytes, ours, method) };
}

/** The method of the request that the answer with the seed is for. */
export function methodOf(seed: number): string {
  return seed % 10 === 0 ? 'HEAD' : 'GET';
}

function kindOf(bytes: Buffer, ours: ReadAnswer, method: string): string {
  if (ours.state !== 'bad') {
    const framing = ours.heads.at(-1)?.framing.kind ?? 'no head';
    return `${ours.state}: ${framing}`;
  }
  node.start(method);
  node.read(bytes);
  node.finish();
  const isRead =
    node.error === null && node.messages.some(({ status, isComplete }) => Number(status) >= 200 && isComplete);
  return `refused here, ${isRead ? 'read' : 'refused'} by Node: ${ours.why}`;
}

function differenceOf(bytes: Buffer, ours: ReadAnswer, method: string): string | null {
  const { heads, body, state, end, trailers } = ours;
  node.start(method);
  const isWhole = state === 'complete';
  const last = heads.at(-1);
  node.read(isWhole ? bytes.subarray(0, end - 1) : bytes);
  if (isWhole && (node.messages[heads.length - 1]?.isComplete ?? false)) return 'Node reads a shorter answer';
  if (isWhole) node.read(bytes.subarray(end - 1, end));
  const { messages, error } = node;
  const headDifference = firstOf(...heads.map((head, i) => differenceOfHead(head, messages[i], method)));
  if (headDifference !== null) return headDifference;
  const theirs = messages[heads.length - 1];
  if (state === 'bad' || (error !== null && !isWhole)) {
    // Who refuses a message may notice that later, but must not have passed on more of it.
    const read = theirs?.body ?? '';
    return read.startsWith(body) ? null : unequal('body before the fault', body, read);
  }
  if (error !== null) return `Node: ${error.message}`;
  if (isWhole && last?.framing.kind === 'none' && !last.isPersistent && theirs?.isComplete === false) return null;
  return firstOf(
    unequal('heads', heads.length, messages.length),
    unequal('body', body, theirs?.body ?? ''),
    unequal('complete', isWhole || Number(last?.status ?? 200) < 200, theirs?.isComplete ?? false),
    isWhole ? unequal('trailers', trailers, theirs?.trailers ?? []) : null,
    isWhole ? null : differenceAtEnd(last, theirs),
  );
}

/** The connection ends: an answer without a framing of its own is complete with that, any other one is cut. */
function differenceAtEnd(last: AnswerHead | undefined, theirs: ReadMessage | undefined): string | null {
  if (last === undefined || theirs === undefined || last.status < 200) return null;
  node.finish();
  return unequal('complete at the end of the connection', last.framing.kind === 'close', theirs.isComplete);
}

function differenceOfHead(head: AnswerHead, message: ReadMessage | undefined, method: string): string | null {
  if (message === undefined) return `Node: ${node.error?.message ?? 'no head'}`;
  return firstOf(
    unequal('status', head.status, message.status),
    unequal('reason', head.reason, message.reason),
    unequal('fields', head.fields, message.fields),
    // Stricter here: HTTP/1.0 never goes on. Stricter there: an answer to HEAD without a length ends the connection.
    head.isPersistent && method !== 'HEAD' && head.status >= 100
      ? unequal('goes on', true, message.isPersistent)
      : null,
  );
}

/** What has been read must not depend on where the bytes were cut. */
function differenceByCuts(bytes: Buffer, whole: ReadAnswer, method: string, random: Random): string | null {
  if (bytes.length === 0) return null;
  const single = bytes.length < 400 && random.once(16) ? [...bytes].map((octet) => Buffer.of(octet)) : null;
  const cut = random.below(bytes.length);
  const ways = [[bytes.subarray(0, cut), bytes.subarray(cut)], ...(single === null ? [] : [single])];
  for (const pieces of ways) {
    const read = readAnswer(pieces, method);
    const difference = firstOf(
      unequal(`state in ${pieces.length} pieces, cut at ${cut}`, read.state, whole.state),
      unequal('heads in pieces', read.heads.map(comparable), whole.heads.map(comparable)),
      // In pieces, more may have been passed on before the fault.
      whole.state === 'bad' ? null : unequal('body in pieces', read.body, whole.body),
      whole.state === 'bad' ? null : unequal('end in pieces', read.end, whole.end),
      unequal('trailers in pieces', read.trailers, whole.trailers),
    );
    if (difference !== null) return difference;
  }
  return null;
}

function comparable({ status, reason, fields, framing, isPersistent }: AnswerHead): unknown {
  return [status, reason, fields, framing, isPersistent];
}
