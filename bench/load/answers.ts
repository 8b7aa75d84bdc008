const END_OF_HEAD = Buffer.from('\r\n\r\n');
const SUCCESS = /^HTTP\/1\.1 2\d\d /;
const LENGTH = /\r\ncontent-length: *(\d+)\r\n/i;

/** Takes what a connection brings, piece by piece. */
export type TakePiece = (piece: Buffer) => void;

/**
 * Finds the end of each answer on a keep-alive connection on which one request at a time is under way: far cheaper than
 * a client of HTTP, since it knows what it asked for. Throws for anything but 2xx with a `Content-Length`.
 *
 * @param onAnswer the whole of an answer is there
 */
export function readAnswers(onAnswer: () => void): TakePiece {
  let head: Buffer = Buffer.alloc(0);
  /** Bytes of the body that are to come; null while the head is not whole. */
  let missing: number | null = null;

  return (piece) => {
    let body = piece.length;
    if (missing === null) {
      head = head.length === 0 ? piece : Buffer.concat([head, piece]);
      const end = head.indexOf(END_OF_HEAD);
      if (end < 0) {
        // The piece lies in memory that the next one will overwrite.
        head = Buffer.from(head);
        return;
      }
      const text = head.toString('latin1', 0, end + 2);
      const length = LENGTH.exec(text)?.[1];
      if (!SUCCESS.test(text) || length === undefined) throw new Error(`answered with ${text.split('\r\n', 1)[0]}`);
      missing = Number(length);
      body = head.length - end - END_OF_HEAD.length;
    }
    missing -= body;
    if (missing < 0) throw new Error('more bytes came than the answer has');
    if (missing > 0) return;
    head = Buffer.alloc(0);
    missing = null;
    onAnswer();
  };
}
