import type { FieldChanges } from './headers/headers.ts';
import type { Rewriting } from './headers/rewriting.ts';
import type { UpstreamGroup } from './upstream/group.ts';
import type { Upstream } from './upstream/upstream.ts';

/** How the request to one server begins. */
export interface RequestHead {
  readonly target: string;
  /** Flat, as `requestHeaders` made them. */
  readonly headers: string[];
}

/** Milliseconds. */
export interface Deadlines {
  /** For a connection. */
  readonly connect: number;
  /** From the end of the request to the head of the answer. */
  readonly firstByte: number;
  /** Between two pieces of a body, of whichever side. */
  readonly idle: number;
  /** For the request and its answer in all; null: as long as bytes keep coming. */
  readonly request: number | null;
}

/** What has come through of a request, in bytes of its bodies. */
export interface Tally {
  received: number;
  sent: number;
}

/** One request on its way out, decided. */
export interface Outgoing {
  readonly group: UpstreamGroup;
  /** Writes the head for the server that was chosen, and notes the server for the log. */
  headFor(upstream: Upstream): RequestHead;
  readonly deadlines: Deadlines;
  readonly hasBody: boolean;
  /** Bytes that the body may have; null: any number. */
  readonly maxBody: number | null;
  /** Whether the upstream may get no chunked body. */
  readonly requireLength: boolean;
  /** Counts what passes, for the log. */
  readonly tally: Tally;
  readonly awaitsContinue: boolean;
  readonly requestId: string;
  /** Whether it is the gateway that says which pages may read the answer. */
  readonly decidesCors: boolean;
  /** What becomes of cookies and references of the answer; null: they pass as they are. */
  readonly rewriting: Rewriting | null;
  /** The path that the client asked for. */
  readonly clientPath: string;
  /** What the route, and HSTS, change in the fields of the answer; `undefined`: nothing. */
  readonly answerChanges?: FieldChanges | undefined;
}
