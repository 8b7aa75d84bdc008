/** An answer of the ops listener. */
export interface OpsAnswer {
  readonly status: number;
  readonly fields: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
}

export function json(status: number, body: object): OpsAnswer {
  return uncached(status, 'application/json', `${JSON.stringify(body)}\n`);
}

export function uncached(status: number, type: string, body: string | Buffer): OpsAnswer {
  return { status, fields: { 'Content-Type': type, 'Cache-Control': 'no-store' }, body };
}
