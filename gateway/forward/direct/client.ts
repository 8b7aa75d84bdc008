import type { RawAnswerFields } from '../../fields/raw-fields.ts';
import type { KeptBytes } from '../../http/read-buffer.ts';
import type { ClientSide } from '../client-side.ts';
import type { Outgoing } from '../outgoing.ts';

/** Gets the body of a client's request. */
export interface BodyReader {
  /**
   * @param isLast whether the body is complete with it
   * @returns whether to send more
   */
  onBodyPiece({ piece, done }: KeptBytes, isLast: boolean): boolean;
}

/** Sends the body of an answer. */
export interface AnswerSource {
  /** The client has read what waited for it: the source can go on. */
  onClientDrain(): void;
}

/** The head of an upstream's answer. */
export interface TakenHead {
  readonly status: number;
  readonly reason: string;
  /** The upstream's, as they were sent. */
  readonly fields: RawAnswerFields;
  /** Whether the head tells where the body ends. Where it does not, the body is sent in chunks. */
  readonly hasLength: boolean;
}

/** The client's side of an exchange over `DirectAttempt`. */
export interface DirectClient extends ClientSide {
  /** Bytes of the request body. */
  readonly bodyLength: number;
  /** Gives the reader what has arrived of the body, then each further piece. */
  readBody(reader: BodyReader): void;
  /** Keeps what arrives of the body from now on for another reader: this one gets no more. */
  keepBody(): void;
  /** Goes on after `onBodyPiece` returned false. */
  resumeBody(): void;
  /** Takes the head of the answer, which leaves with the first piece of its body. */
  takeHead(head: TakenHead, outgoing: Outgoing, source: AnswerSource): void;
  /** Sends the head alone, if it has not left. */
  flushHead(): void;
  /** @param piece as Latin-1. @returns whether the client keeps up */
  writeText(piece: string): boolean;
  /** @returns whether the client keeps up */
  writeBytes({ piece, done }: KeptBytes): boolean;
  takeTrailers(fields: readonly (readonly [string, string])[]): void;
}
