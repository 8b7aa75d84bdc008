// The types of the package, for authors of modules. It imports nothing, so that they see nothing else of the gateway.

/** Fields by their names in lower case; a list where there are several lines of one. */
export type Fields = Readonly<Record<string, string | string[]>>;

/** The request as sent to the upstream. */
export interface InterceptedRequest {
  readonly method: string;
  readonly url: string;
  /** `x-user-id` is the authenticated account. */
  readonly headers: Fields;
}

/** The head of the answer as the upstream sent it. */
export interface UpstreamHead {
  readonly statusCode: number;
  readonly statusMessage: string;
  readonly headers: Fields;
}

/** The head of an answer, which a module may change. Names are case-insensitive. */
export interface AnswerHead {
  statusCode: number;
  statusMessage: string;
  /** @returns a list where the field is repeated */
  getHeader(name: string): string | string[] | undefined;
  /** @throws TypeError for an invalid name or value */
  setHeader(name: string, value: number | string | readonly string[]): void;
  removeHeader(name: string): void;
}

/**
 * The default export of a `proxy.intercept` module. It gets each answer with a body, decompressed, may change its head, and
 * returns the body for the client. The parameters are those of http-proxy-middleware's `responseInterceptor`.
 */
export type Intercept = (
  body: Buffer,
  upstream: UpstreamHead,
  request: InterceptedRequest,
  answer: AnswerHead,
) => Buffer | string | Promise<Buffer | string>;
