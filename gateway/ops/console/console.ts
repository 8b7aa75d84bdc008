import type { IncomingMessage, ServerResponse } from 'node:http';
import { isHostValue } from '../../fields/host.ts';
import { json, type OpsAnswer } from '../answers.ts';
import type { Logger } from '../log.ts';
import { isFromElsewhere, isLink, namesListener } from './asked-host.ts';
import type { SeenFailures } from './failures.ts';
import { createPageFiles } from './page-files.ts';
import { createSampler, type Sources } from './sampler.ts';
import type { Present } from './snapshot.ts';
import { createStreams } from './streams.ts';

/** What the console shows of the configuration that is in use. */
export interface ShownConfiguration {
  read(): Present['configuration'];
  /** What would become of a request, as `gatehouse routes` says. */
  explain(question: { readonly method: string; readonly path: string; readonly host: string | undefined }): object;
}

export interface ConsoleSources extends Pick<Sources, 'metrics' | 'present'> {
  failures(): Promise<SeenFailures>;
  readonly explain: ShownConfiguration['explain'];
}

/** The pages and data of the console: GET and HEAD of `/console` and below. */
export interface Console {
  answer(req: IncomingMessage, res: ServerResponse): Promise<void>;
  /** Ends all streams of events. */
  close(): void;
}

/** Streams at once, so that browsers left open cost a bounded part of a core. */
const MOST_LISTENERS = 8;
const LONGEST_METHOD = 32;

export function isConsolePath(path: string): boolean {
  return path === '/console' || path.startsWith('/console/');
}

/**
 * @param host `ops.host`; undefined: left out
 */
export function createConsole(sources: ConsoleSources, host: string | undefined, log: Logger): Console {
  const files = createPageFiles();
  const streams = createStreams();
  const sampler = createSampler({ ...sources, recentFailures: async () => (await sources.failures()).recent }, log);

  const state = async (): Promise<OpsAnswer> => {
    const { recent, ofServers } = await sources.failures();
    const { history, latest } = sampler;
    return json(200, { ...(await sources.present()), latest, history, failures: recent, failuresOfServers: ofServers });
  };
  const explained = (query: URLSearchParams): OpsAnswer => {
    const [method = 'GET', path = '', askedHost = ''] = ['method', 'path', 'host'].map(
      (name) => query.get(name) || undefined,
    );
    if (!/^[\w!#$%&'*+.^`|~-]+$/.test(method) || method.length > LONGEST_METHOD)
      return invalid('method', 'a method such as GET');
    if (!path.startsWith('/')) return invalid('path', 'a path that begins with /, such as /api/v1/orders/7');
    if (!isHostValue(askedHost)) return invalid('host', 'a host such as shop.example.com, or left out');
    const question = { method: method.toUpperCase(), path, host: askedHost === '' ? undefined : askedHost };
    return json(200, sources.explain(question));
  };
  const answerTo = async (path: string, query: string): Promise<OpsAnswer> => {
    if (path === '/console/state') return await state();
    if (path === '/console/explain') return explained(new URLSearchParams(query));
    return files(path) ?? json(404, { status: 'not_found' });
  };

  return {
    async answer(req, res) {
      const [path = '', query = ''] = (req.url ?? '').split('?', 2);
      const refused = refusalOf(req, host);
      if (refused !== null) return send(res, refused);
      if (path === '/console/events') {
        if (req.method === 'HEAD') return send(res, { status: 200, fields: EVENTS, body: '' });
        return sampler.watching < MOST_LISTENERS ? listenTo(res) : send(res, TOO_MANY);
      }
      try {
        send(res, await answerTo(path, query));
      } catch (error) {
        log.error({ err: error, fault: 'gateway' }, 'no answer of the console');
        send(res, json(500, { status: 'internal_error' }));
      }
    },
    close: streams.close,
  };

  function listenTo(res: ServerResponse): void {
    res.writeHead(200, { ...SECURITY, ...EVENTS });
    const stream = streams.open(res, () => stop());
    const stop = sampler.watch(stream.send);
  }
}

const EVENTS = { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' };

const TOO_MANY = json(503, {
  status: 'too_many_listeners',
  message: `The console has ${MOST_LISTENERS} listeners, the most at once: close one of them.`,
});

function refusalOf({ headers, url }: IncomingMessage, host: string | undefined): OpsAnswer | null {
  if (!namesListener(headers.host, host)) {
    const message =
      'Open the console by an IP address, localhost, or the host in ops.host: another name could be that of a foreign site.';
    return json(421, { status: 'foreign_host', message });
  }
  const isPage = url === '/console' || url === '/console/';
  if (!isFromElsewhere(headers) || (isPage && isLink(headers))) return null;
  return json(403, { status: 'cross_site', message: 'A page of another site has asked for this.' });
}

function invalid(name: string, form: string): OpsAnswer {
  return json(400, { status: 'bad_request', message: `${name} must be ${form}` });
}

const SECURITY = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'; form-action 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

function send(res: ServerResponse, { status, fields, body }: OpsAnswer): void {
  res.writeHead(status, { ...SECURITY, ...fields });
  res.end(body);
}
