import { createRequire } from 'node:module';

/** A message as Node's own parser reads it. */
export interface ReadMessage {
  readonly version: string;
  /** Node's number; of a request. */
  readonly method: number | undefined;
  /** Of a request. */
  readonly url: string | undefined;
  /** Of an answer. */
  readonly status: number | undefined;
  /** Of an answer. */
  readonly reason: string | undefined;
  /** Names and values in turn. */
  readonly fields: string[];
  readonly isUpgrade: boolean;
  /** Whether the connection goes on after the message. */
  readonly isPersistent: boolean;
  /** As Latin-1. */
  body: string;
  trailers: string[];
  isComplete: boolean;
}

type OnHead = (...parts: [number, number, string[]?, number?, string?, number?, string?, boolean?, boolean?]) => number;

/** The part of Node's parser that is used here: it is internal, and has no types. */
interface HttpParser {
  initialize(kind: number, resource: object, maxHeaderSize: number, lenience: number): void;
  execute(bytes: Buffer): number | Error;
  finish(): Error | undefined;
  [callback: number]: ((fields: string[], url: string) => void) | OnHead | ((bytes: Buffer) => void) | (() => void);
}

interface HttpParserClass {
  new (): HttpParser;
  readonly REQUEST: number;
  readonly RESPONSE: number;
  readonly kOnHeaders: number;
  readonly kOnHeadersComplete: number;
  readonly kOnBody: number;
  readonly kOnMessageComplete: number;
  readonly kLenientNone: number;
}

const { HTTPParser } = createRequire(import.meta.url)('_http_common') as { readonly HTTPParser: HttpParserClass };

/** Skips the body of an answer. */
const NO_BODY = 1;

/** Node's own parser, with the options of the gateway's listener and of Node's client. */
export class NodeParser {
  readonly #parser = new HTTPParser();
  readonly #kind: number;
  #isForHead = false;
  #fields: string[] = [];
  #url = '';
  messages: ReadMessage[] = [];
  /** Why the parser has stopped. */
  error: Error | null = null;

  constructor(kind: 'requests' | 'answers') {
    this.#kind = kind === 'requests' ? HTTPParser.REQUEST : HTTPParser.RESPONSE;
    this.#parser[HTTPParser.kOnHeaders] = (fields: string[], url: string) => {
      this.#fields.push(...fields);
      this.#url += url;
    };
    this.#parser[HTTPParser.kOnHeadersComplete] = this.#onHead;
    this.#parser[HTTPParser.kOnBody] = (bytes: Buffer) => {
      const last = this.messages.at(-1);
      if (last !== undefined) last.body += bytes.toString('latin1');
    };
    this.#parser[HTTPParser.kOnMessageComplete] = () => {
      const last = this.messages.at(-1);
      if (last === undefined) return;
      last.isComplete = true;
      last.trailers = this.#fields;
      this.#fields = [];
    };
  }

  /** Begins a connection. @param method of the request that answers are for */
  start(method = 'GET'): void {
    this.#isForHead = method === 'HEAD';
    this.#fields = [];
    this.#url = '';
    this.messages = [];
    this.error = null;
    this.#parser.initialize(this.#kind, {}, 0, HTTPParser.kLenientNone);
  }

  /** Reads further bytes of the connection. */
  read(bytes: Buffer): void {
    if (this.error !== null || bytes.length === 0) return;
    const read = this.#parser.execute(bytes);
    if (read instanceof Error) this.error = read;
  }

  /** The connection ends. */
  finish(): void {
    if (this.error !== null) return;
    this.error = this.#parser.finish() ?? null;
  }

  readonly #onHead: OnHead = (major, minor, fields, method, url, status, reason, isUpgrade, isPersistent) => {
    this.messages.push({
      version: `${major}.${minor}`,
      method,
      url: url ?? this.#url,
      status,
      reason,
      fields: fields ?? this.#fields,
      isUpgrade: isUpgrade === true,
      isPersistent: isPersistent === true,
      body: '',
      trailers: [],
      isComplete: false,
    });
    this.#fields = [];
    this.#url = '';
    // As Node's client does.
    const hasNoBody = status !== undefined && (this.#isForHead || status === 304 || (status < 200 && status !== 101));
    return hasNoBody ? NO_BODY : 0;
  };
}

/** Node's numbers of methods. */
export const METHOD_NUMBERS: ReadonlyMap<string, number | undefined> = new Map(
  ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'].map((method) => {
    const parser = new NodeParser('requests');
    parser.start();
    parser.read(Buffer.from(`${method} / HTTP/1.1\r\n\r\n`));
    return [method, parser.messages[0]?.method];
  }),
);
