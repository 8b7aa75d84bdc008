import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { TlsOptions } from 'node:tls';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import type { Scope } from '../../lab/scope.ts';

export interface ReceivedMail {
  readonly from: string;
  readonly to: readonly string[];
  /** The raw message, head and body. */
  readonly raw: string;
  /** The decoded plain text. */
  readonly text: string;
  readonly isEncrypted: boolean;
  /** The SMTP user; null without a login. */
  readonly user: string | null;
}

/** The server's response after the data of a mail. */
export type Verdict = 'take' | { readonly code: number; readonly text: string };

export interface MailServer {
  readonly port: number;
  /** The value for `mail.url`. */
  readonly url: string;
  readonly received: readonly ReceivedMail[];
  /** All attempts to send, also refused ones. */
  readonly attempts: number;
  /** The number of open connections. */
  readonly connections: number;
}

/** A mail server on 127.0.0.1, stopped when the test ends. By default it accepts every mail. */
export async function mailServer(
  t: Scope,
  options: Omit<SMTPServerOptions, 'onData'> & { tls?: TlsOptions; judge?: (attempt: number) => Verdict } = {},
): Promise<MailServer> {
  const { judge = () => 'take', tls, ...more } = options;
  const received: ReceivedMail[] = [];
  let attempts = 0;
  const server = new SMTPServer({
    authOptional: true,
    disableReverseLookup: true,
    logger: false,
    ...(tls === undefined && { disabledCommands: ['STARTTLS'], allowInsecureAuth: true }),
    ...tls,
    onAuth: ({ username }, _session, done) => done(null, { user: username }),
    ...more,
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        attempts += 1;
        const verdict = judge(attempts);
        if (verdict !== 'take') return done(Object.assign(new Error(verdict.text), { responseCode: verdict.code }));
        const raw = Buffer.concat(chunks).toString();
        const { mailFrom, rcptTo } = session.envelope;
        received.push({
          from: mailFrom === false ? '' : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
          raw,
          text: plainTextOf(raw),
          isEncrypted: session.secure,
          user: typeof session.user === 'string' ? session.user : null,
        });
        done();
      });
    },
  });
  server.on('error', () => {});
  const listening = server.listen(0, '127.0.0.1');
  await once(listening, 'listening');
  t.teardown(
    () =>
      new Promise<void>((resolve) => {
        for (const connection of server.connections) connection.close();
        server.close(() => resolve());
      }),
  );
  const { port } = listening.address() as AddressInfo;
  return {
    port,
    url: `smtp://127.0.0.1:${port}`,
    received,
    get attempts() {
      return attempts;
    },
    get connections() {
      return server.connections.size;
    },
  };
}

/** The links in a mail's text, in order. */
export function linksIn({ text }: Pick<ReceivedMail, 'text'>): string[] {
  return text.match(/https?:\/\/\S+/g) ?? [];
}

/** The first part of type text/plain, of a multipart message or of one that is not (RFC 2045 and 2046). */
function plainTextOf(raw: string): string {
  const boundary = /^content-type: multipart\/[\s\S]*?boundary="?([^"\r\n;]+)/im.exec(raw)?.[1];
  const parts = boundary === undefined ? [raw] : raw.split(`--${boundary}`).slice(1);
  const part = parts.find((one) => /^content-type: text\/plain/im.test(one)) ?? '';
  const at = part.indexOf('\r\n\r\n');
  const [head, body] = [part.slice(0, at), part.slice(at + 4)];
  const encoding = /^content-transfer-encoding: *(\S+)/im.exec(head)?.[1]?.toLowerCase();
  if (encoding === 'base64') return Buffer.from(body, 'base64').toString();
  if (encoding !== 'quoted-printable') return body.replaceAll('\r\n', '\n');
  const bytes = body
    .replaceAll(/=\r\n/g, '')
    .replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString().replaceAll('\r\n', '\n');
}
