import { connect } from 'node:net';
import { ADA, basic, testGateway } from '../../../test/lab/gateways/gateway.ts';
import { freePort } from '../../../test/lab/processes/free-port.ts';
import type { Scope } from '../../../test/lab/scope.ts';
import { holds } from '../../../test/lab/waiting/condition.ts';
import { startNginx } from '../../../test/support/services/balancers.ts';
import type { Campaign, Search } from '../campaign.ts';
import { type Finding, firstOf, unequal } from '../finding.ts';
import { readAnswers } from '../wire/read-answers.ts';
import { targetBytes } from './generate.ts';
import { type PythonReading, startPython } from './python-reader.ts';
import { nginxLocations, ROUTES, routeOf } from './routes.ts';

/** What the gateway lets through, WHATWG's URL, Python's urllib and nginx read as the same path and route. */
export const TARGETS: Campaign = { name: 'targets', open: openSearch };

/** What nginx behind the gateway has answered. */
interface Passed {
  readonly nginxRoute: string;
  readonly gatewayRoute: string;
  readonly target: string;
  /** As nginx reads it, each character an octet. */
  readonly path: string;
}

async function openSearch(scope: Scope): Promise<Search> {
  const port = await freePort();
  await startNginx(
    scope,
    '',
    `server { listen 127.0.0.1:${port}; large_client_header_buffers 4 32k; merge_slashes off; ${nginxLocations()} }`,
  );
  await holds('nginx listens', () => isListening(port));
  const gateway = await testGateway(scope, {
    accounts: { passwordCost: 4 },
    routes: ROUTES.map(([name, path]) => ({
      ...{ name, path, upstream: `http://127.0.0.1:${port}`, allowEncodedSlashes: true },
      ...(path.startsWith('/api/v1') ? {} : { auth: 'none' }),
      headers: { request: { set: { 'X-Route': name } } },
    })),
  });
  const readByPython = startPython(scope);
  const ask = async (target: string) => {
    const text = `GET ${target} HTTP/1.1\r\nHost: gateway.test\r\nAuthorization: ${basic(ADA)}\r\nConnection: close\r\n\r\n`;
    const answer = await exchange(gateway.port, text);
    gateway.log.length = 0;
    return answer;
  };
  return {
    generate: targetBytes,
    async compare(bytes) {
      const target = bytes.toString('latin1');
      // Another request line, or none.
      if (/[\s\0]/.test(target) || target === '') return { kind: 'no target', difference: null };
      const [answer] = readAnswers(await ask(target), () => false).answers;
      const passed = answer === undefined ? null : passedOf(answer.body);
      if (passed === null) return refusedAs(answer?.status, answer?.body ?? '');
      return judge(passed, await readByPython(passed.target));
    },
  };
}

/** Null: nginx has not been asked, or refuses. */
function passedOf(body: string): Passed | null {
  const [, nginxRoute, gatewayRoute, target, path] = /^([a-z]+) ([a-z]+) (\S+)\n([\s\S]*)$/.exec(body) ?? [];
  if (nginxRoute === undefined || gatewayRoute === undefined || target === undefined || path === undefined) return null;
  return { nginxRoute, gatewayRoute, target, path };
}

function refusedAs(status: number | undefined, body: string): Finding {
  const [, message] = /"message":"([^"]*)"/.exec(body) ?? [];
  return { kind: `refused: ${status} ${message ?? 'by nginx'}`, difference: status === 500 ? body : null };
}

function judge({ nginxRoute, gatewayRoute, target, path }: Passed, python: PythonReading): Finding {
  const sent = decoded(target.replace(/[?#][\s\S]*$/, ''));
  const url = decoded(new URL(`http://gateway.test${target}`).pathname);
  const readers: [string, string][] = [
    ['WHATWG', url],
    ['Python', python.alone],
    ['Python, in a URL', python.inUrl],
    ['nginx', path],
  ];
  return {
    kind: `passed to ${gatewayRoute}${sent === target ? '' : ', encoded'}`,
    difference: firstOf(
      unequal('route, nginx', gatewayRoute, nginxRoute),
      ...readers.map(([name, read]) => unequal(`path, ${name}`, sent, read)),
      // Whatever a program normalises beyond that.
      ...[sent, sent.toLowerCase(), decoded(sent), withoutParameters(sent), merged(sent), merged(decoded(sent))].map(
        (reading) => unequal(`route of ${JSON.stringify(reading)}`, gatewayRoute, routeOf(reading)),
      ),
    ),
  };
}

/** One octet for each escape, and for each character beyond ASCII those of its UTF-8: as Latin-1. */
function decoded(path: string): string {
  return path.replace(/%([\da-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

function withoutParameters(path: string): string {
  return path.replace(/;[^/]*/g, '');
}

function merged(path: string): string {
  return path.replace(/\/+/g, '/');
}

function exchange(port: number, text: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(Buffer.from(text, 'latin1')));
    let answer = '';
    socket.setEncoding('latin1');
    socket.on('data', (piece: string) => {
      answer += piece;
    });
    socket.on('error', () => {});
    socket.once('close', () => resolve(answer));
  });
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
