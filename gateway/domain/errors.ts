/** Who caused a failure. For the log; never sent to the client. */
export type Fault = 'client' | 'gateway' | 'upstream' | 'database' | 'redis';

/** All error responses of the gateway: status, public text, and fault. */
const TABLE = {
  bad_request: { status: 400, message: 'Malformed request', fault: 'client' },
  unauthorized: { status: 401, message: 'Invalid credentials', fault: 'client' },
  forbidden: { status: 403, message: 'Unconfirmed account', fault: 'client' },
  insufficient_scope: { status: 403, message: 'This needs another scope', fault: 'client' },
  not_found: { status: 404, message: 'No such resource', fault: 'client' },
  method_not_allowed: { status: 405, message: 'Method not allowed', fault: 'client' },
  request_timeout: { status: 408, message: 'The request took too long to arrive', fault: 'client' },
  too_many_tokens: { status: 409, message: 'The account has too many tokens', fault: 'client' },
  length_required: { status: 411, message: 'The request body must have a Content-Length', fault: 'client' },
  payload_too_large: { status: 413, message: 'The request body is too large', fault: 'client' },
  uri_too_long: { status: 414, message: 'The request line is too long', fault: 'client' },
  unsupported_media_type: { status: 415, message: 'The request body is of the wrong type', fault: 'client' },
  expectation_failed: { status: 417, message: 'Only 100-continue can be expected', fault: 'client' },
  too_many_requests: { status: 429, message: 'Too many failed attempts', fault: 'client' },
  headers_too_large: { status: 431, message: 'The request headers are too large', fault: 'client' },
  client_closed: { status: 499, message: 'The client closed the connection', fault: 'client' },
  internal_error: { status: 500, message: 'Internal error', fault: 'gateway' },
  not_implemented: { status: 501, message: 'No such request method', fault: 'client' },
  bad_gateway: { status: 502, message: 'The upstream did not give a valid answer', fault: 'upstream' },
  service_unavailable: { status: 503, message: 'Temporarily unavailable', fault: 'gateway' },
  gateway_timeout: { status: 504, message: 'The upstream did not answer in time', fault: 'upstream' },
  http_version_not_supported: { status: 505, message: 'The HTTP version must be 1.1 or 1.0', fault: 'client' },
  loop_detected: { status: 508, message: 'The request goes round in a loop', fault: 'gateway' },
} as const satisfies Record<string, { status: number; message: string; fault: Fault }>;

export type ErrorCode = keyof typeof TABLE;

/**
 * Ends a request with an error response of the gateway.
 *
 * `detail` and `cause` are for the log only. The client gets `publicMessage`, by default the text of the table: it must not
 * contain an address, a secret or the message of a library.
 */
export class GatewayError extends Error {
  readonly code: ErrorCode;
  readonly status: number;
  readonly publicMessage: string;
  readonly fault: Fault;
  readonly headers: Readonly<Record<string, string | string[]>>;

  constructor(
    code: ErrorCode,
    detail: string,
    more: {
      publicMessage?: string;
      fault?: Fault;
      headers?: Readonly<Record<string, string | string[]>>;
      cause?: unknown;
    } = {},
  ) {
    const { stackTraceLimit } = Error;
    // A refusal says by itself what happened, and a flood of them must stay cheap: the stack would take 3 µs.
    if (TABLE[code].fault === 'client') Error.stackTraceLimit = 0;
    super(detail, { cause: more.cause });
    Error.stackTraceLimit = stackTraceLimit;
    this.name = 'GatewayError';
    this.code = code;
    this.status = TABLE[code].status;
    this.publicMessage = more.publicMessage ?? TABLE[code].message;
    this.fault = more.fault ?? TABLE[code].fault;
    this.headers = more.headers ?? {};
  }
}

/** A 400 with a public text for the client. */
export function badRequest(what: string): GatewayError {
  return new GatewayError('bad_request', what, { publicMessage: what });
}

/**
 * A 400 after which the connection closes, also when all of the request has arrived: another parser may see its end elsewhere
 * (request smuggling, RFC 9112 section 6.1).
 */
export function ambiguousFraming(what: string): GatewayError {
  return new GatewayError('bad_request', what, { publicMessage: what, headers: { Connection: 'close' } });
}

/** A 413 whose text names the limit. @param most bytes */
export function payloadTooLarge(most: number): GatewayError {
  const what = `The request body is longer than ${most} bytes`;
  return new GatewayError('payload_too_large', what, { publicMessage: what });
}

/** The client closed the connection: nobody receives a response, and the upstream is not at fault. */
export function clientClosed(): GatewayError {
  return new GatewayError('client_closed', 'the client closed the connection');
}

/** A 503, never a 401 or a 200, when a required store is unavailable. */
export function storeUnavailable(store: 'database' | 'redis', cause: unknown): GatewayError {
  return new GatewayError('service_unavailable', `${store} unavailable`, {
    fault: store,
    cause,
    headers: { 'Retry-After': '1' },
  });
}

/** A problem that the operator can fix, in one line that says what to do. Shown without a stack. */
export class OperatorError extends Error {
  override readonly name = 'OperatorError';
}
