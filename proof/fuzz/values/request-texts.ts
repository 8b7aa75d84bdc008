import { rawExchange } from '../../../test/support/http/raw.ts';

/**
 * A request as an input: its method and target in the first line, then fields, an empty line, and the body. Host, length and
 * credentials are added when it is sent.
 */
export interface RequestText {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  /** Names in lower case, and values. */
  readonly fields: readonly (readonly [string, string])[];
  readonly body: Buffer;
}

/** Fields that change how a server reads values. Others belong to the campaigns of heads. */
const FIELDS = new Set(['content-type', 'content-encoding', 'cookie', 'origin', 'sec-fetch-site', 'accept']);

/** @returns null if the text is no request with plain fields: such heads have campaigns of their own */
export function readRequestText(bytes: Buffer): RequestText | null {
  const end = bytes.indexOf('\n\n');
  const [first = '', ...lines] = bytes.toString('latin1', 0, end === -1 ? bytes.length : end).split('\n');
  const [, method, path, query = ''] = /^(GET|HEAD|POST|DELETE|PUT) (\/[!"$-;=@-~]*)(\?[!-~]*)?$/.exec(first) ?? [];
  if (method === undefined || path === undefined) return null;
  const fields = lines.flatMap((line) => {
    const [, name = '', value = ''] = /^([a-z-]+): ([\t -~\x80-\xff]*)$/i.exec(line) ?? [];
    return FIELDS.has(name.toLowerCase()) ? [[name.toLowerCase(), value.trim()] as const] : [];
  });
  const names = fields.map(([name]) => name);
  if (names.some((name, index) => name !== 'cookie' && names.indexOf(name) !== index)) return null;
  return { method, path, query, fields, body: end === -1 ? Buffer.alloc(0) : bytes.subarray(end + 2) };
}

/** What a gateway answers. */
export interface Answer {
  readonly status: number;
  /** The lines of its head, with names in lower case. */
  readonly fields: readonly (readonly [string, string])[];
  readonly body: string;
}

/** Sends a request, with more fields, over a connection of its own. */
export async function ask(
  port: number,
  request: RequestText,
  more: readonly (readonly [string, string])[],
): Promise<Answer> {
  const { method, path, query, fields, body } = request;
  const length = method === 'GET' || method === 'HEAD' ? [] : [['Content-Length', String(body.length)] as const];
  const head = [
    `${method} ${path}${query} HTTP/1.1`,
    ...[['Host', 'gateway.example'] as const, ['Connection', 'close'] as const, ...length, ...fields, ...more].map(
      ([name, value]) => `${name}: ${value}`,
    ),
  ];
  const text = await rawExchange(
    port,
    `${head.join('\r\n')}\r\n\r\n${length.length === 0 ? '' : body.toString('latin1')}`,
  );
  const end = text.indexOf('\r\n\r\n');
  const [first = '', ...lines] = text.slice(0, end).split('\r\n');
  return {
    status: Number(/^HTTP\/1\.1 (\d{3}) /.exec(first)?.[1] ?? 0),
    fields: lines.map(
      (line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()] as const,
    ),
    body: Buffer.from(text.slice(end + 4), 'latin1').toString(),
  };
}

export function fieldOf({ fields }: Pick<Answer, 'fields'>, name: string): string | null {
  return fields.find(([one]) => one === name)?.[1] ?? null;
}
