import type { GatewayError } from '../domain/errors.ts';
import type { RawFields } from '../fields/raw-fields.ts';
import type { Replacements } from './headers/cookie-rewrite.ts';
import type { RedirectRules } from './headers/reference-rewrite.ts';
import type { UpstreamGroup } from './upstream/group.ts';
import type { Upstream } from './upstream/upstream.ts';

/** The head of the request to one server. */
export interface RequestHead {
  readonly target: string;
  /** As `requestHeaders` made them. */
  readonly headers: string[];
}

/** Milliseconds. */
export interface Deadlines {
  /** To connect. */
  readonly connect: number;
  /** From the end of the request to the head of the answer. */
  readonly firstByte: number;
  /** Between two pieces of a body, in either direction. */
  readonly idle: number;
  /** For the request and its whole answer; null: no limit while bytes keep coming. */
  readonly request: number | null;
}

/** Bytes of the bodies that have passed so far. */
export interface Tally {
  received: number;
  sent: number;
}

/** The fields that a route sets and removes, compiled. */
export interface FieldChanges {
  /** The names of fields to drop, those of `set` included: folded for requests, in lower case for answers. */
  readonly replaced: ReadonlySet<string>;
  readonly set: RawFields;
}

/** The rules by which a route rewrites the heads of answers. */
export interface Rewriting {
  /** Empty: the route removes no prefix. */
  readonly stripPrefix: string;
  readonly cookieDomains: Replacements;
  readonly cookiePaths: Replacements;
  /** `host` is null where it stays, or becomes the host that the client asked for. */
  readonly redirects: (RedirectRules & { readonly toClientHost: boolean }) | null;
}

/** A request that has been admitted, with all that its forwarding depends on. */
export interface Outgoing {
  readonly group: UpstreamGroup;
  /** Makes the head for the chosen server, and notes the server for the log. */
  headFor(upstream: Upstream): RequestHead;
  /** An attempt has failed, and another one follows. */
  onRetry(error: GatewayError): void;
  readonly deadlines: Deadlines;
  readonly hasBody: boolean;
  /** Most bytes of the request body; null: no limit. */
  readonly maxBody: number | null;
  /** Whether a chunked request body is refused. */
  readonly requireLength: boolean;
  /** Counts bytes, for the log. */
  readonly tally: Tally;
  readonly awaitsContinue: boolean;
  readonly requestId: string;
  /** Whether the gateway, not the upstream, decides on CORS. */
  readonly decidesCors: boolean;
  /** How cookies and references of the answer are rewritten; null: they are not. */
  readonly rewriting: Rewriting | null;
  /** The path of the client's request. */
  readonly clientPath: string;
  /** The fields of the answer that the route and HSTS change; `undefined`: none. */
  readonly answerChanges?: FieldChanges | undefined;
}
