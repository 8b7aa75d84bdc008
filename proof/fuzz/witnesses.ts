import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { type PlainHead, readPlainHead } from '../../gateway/http/plain-head.ts';
import type { Scope } from '../../test/lab/scope.ts';
import type { Random } from '../random.ts';
import type { Campaign } from './campaign.ts';
import { type Finding, firstOf, unequal } from './finding.ts';
import { requestMessages } from './request-messages.ts';
import { startWitnesses, type Witness } from './witness-programs.ts';

/** A request that has reached the server behind a witness. */
interface Seen {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly fields: readonly string[];
  readonly body: string;
}

/** Fields that proxies add, change or leave out by themselves. */
const THEIRS: ReadonlySet<string> = new Set([
  ...['host', 'connection', 'keep-alive', 'te', 'via', 'accept-encoding', 'user-agent', 'content-length'],
  ...['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'date'],
]);
const LAST = 'GET /the-next-request HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';

/** Sends plain requests through other proxies, as far as they are installed, and compares what arrives behind them. */
export async function callWitnesses(scope: Scope): Promise<readonly Campaign[]> {
  let seen: Seen[] = [];
  const server = createServer({ maxHeaderSize: 65_536, requireHostHeader: false }, (req, res) => {
    void bodyOf(req).then((body) => {
      seen.push({ method: req.method, url: req.url, fields: req.rawHeaders, body });
      res.end('seen');
    });
  });
  server.maxHeadersCount = 0;
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  const witnesses = await startWitnesses(typeof address === 'object' ? (address?.port ?? 0) : 0);
  const takeSeen = () => {
    const taken = seen;
    seen = [];
    return taken;
  };
  scope.teardown(() => {
    for (const witness of witnesses) witness.stop();
    server.close();
    server.closeAllConnections();
  });
  return witnesses.map((witness) => ({
    name: witness.name,
    open: () => ({ generate: plainRequest, compare: (bytes) => compareBehind(witness, bytes, takeSeen) }),
  }));
}

/** A request that the gateway reads by itself. */
function plainRequest(random: Random): Buffer {
  for (;;) {
    const bytes = requestMessages(random);
    const head = readPlainHead(bytes, 0);
    if (typeof head === 'object' && head.end + head.length <= bytes.length)
      return bytes.subarray(0, head.end + head.length);
  }
}

async function compareBehind(
  { name, port }: Witness,
  bytes: Buffer,
  takeSeen: () => readonly Seen[],
): Promise<Finding> {
  const head = readPlainHead(bytes, 0);
  if (typeof head === 'string' || head.end + head.length !== bytes.length)
    return { kind: 'not plain', difference: null };
  takeSeen();
  const answer = await exchange(port, head.closes ? bytes : Buffer.concat([bytes, Buffer.from(LAST)]));
  const seen = takeSeen();
  const [first, second] = seen;
  const status = answer.slice(9, 12);
  if (first === undefined) return { kind: `refused by ${name}: ${status}`, difference: null };
  const isRefused = first.url === '/the-next-request' && head.url !== first.url;
  const dropped = droppedOf(head, first);
  return {
    kind: dropped.length === 0 ? 'passed on' : `passed on without some fields`,
    difference: firstOf(
      isRefused ? `${name} answers ${status} by itself, and passes on what follows` : null,
      unequal('method', head.method, first.method),
      unequal('target', targetOf(name, head.url), targetOf(name, first.url)),
      unequal('body', bytes.toString('latin1', head.end), first.body),
      differenceOfFields(head, first),
      unequal('what follows', head.closes ? undefined : '/the-next-request', second?.url),
      unequal('requests', head.closes ? 1 : 2, seen.length),
    ),
  };
}

/** Caddy encodes octets that others pass on as they are. */
function targetOf(name: string, target: string | undefined): string | undefined {
  if (name !== 'caddy') return target;
  return target?.replace(/%([0-9A-F]{2})/gi, (_, octet: string) => String.fromCharCode(Number.parseInt(octet, 16)));
}

/** Sends the bytes, and reads until the witness closes the connection. */
async function exchange(port: number, bytes: Buffer): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let answer = '';
  socket.on('data', (piece: Buffer) => {
    answer += piece.toString('latin1');
  });
  socket.on('error', () => {});
  socket.setTimeout(5_000, () => socket.destroy());
  socket.write(bytes);
  await once(socket, 'close');
  return answer;
}

async function bodyOf(req: IncomingMessage): Promise<string> {
  let body = '';
  for await (const piece of req as AsyncIterable<Buffer>) body += piece.toString('latin1');
  return body;
}

/** The values of each field. Not all witnesses keep the order of fields with different names. */
function valuesOf(fields: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const values = new Map<string, string[]>();
  for (let at = 0; at < fields.length; at += 2) {
    const name = (fields[at] ?? '').toLowerCase();
    if (THEIRS.has(name)) continue;
    const known = values.get(name);
    if (known === undefined) values.set(name, [fields[at + 1] ?? '']);
    else known.push(fields[at + 1] ?? '');
  }
  return values;
}

function droppedOf(head: PlainHead, seen: Seen): readonly string[] {
  const theirs = valuesOf(seen.fields);
  return [...valuesOf(head.fields).keys()].filter((name) => !theirs.has(name));
}

function differenceOfFields(head: PlainHead, seen: Seen): string | null {
  const ours = valuesOf(head.fields);
  for (const [name, values] of valuesOf(seen.fields)) {
    const difference = unequal(`field ${name}`, ours.get(name) ?? [], values);
    if (difference !== null) return difference;
  }
  return null;
}
