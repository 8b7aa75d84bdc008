/**
 * Bytes of an answer that may wait for the client. Node's own limit is one piece of 64 KiB: reading would stop and start
 * again for each piece.
 */
export const MOST_UNSENT = 262_144;
/** Bytes up to which a piece of an answer is copied, to be written in one piece with its head or its framing. */
export const IN_ONE_PIECE = 16_384;

/** The client's side of an exchange, as delivery needs it. */
export interface ClientSide {
  readonly method: string;
  /** Whether some of the answer, or its end, waits for the client to read. */
  readonly hasUnsent: boolean;
  /** Sets how long the connection may be without a byte, in milliseconds. */
  setIdleTimeout(ms: number): void;
  /** Sends `100 Continue`. */
  sendContinue(): void;
  /** Reads the rest of the request body, and discards it: it must not keep the client from reading its answer. */
  discardBody(): void;
  /** Ends the answer. @param last piece of the body; valid during the call only */
  end(last: Buffer | null): void;
  /** Cuts the connection. */
  destroy(): void;
}
