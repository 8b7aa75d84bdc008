import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { stringify } from 'yaml';
import { childrenOf } from '../../../test/lab/gateways/workers.ts';
import { freePort } from '../../../test/lab/processes/free-port.ts';
import { startProcess } from '../../../test/lab/processes/server-process.ts';
import type { Scope } from '../../../test/lab/scope.ts';
import { SELF_SIGNED } from '../../../test/lab/upstreams/self-signed.ts';
import { holds } from '../../../test/lab/waiting/condition.ts';
import { PROBE_EVERY, PROBE_FOLDER } from './probe-reader.ts';
import { routes, type Surroundings, sharedSettings } from './settings.ts';

/** `cleartext` has two workers, and answers other proxies; `tls` is one process. */
export type NodeName = 'cleartext' | 'tls';

type Line = Readonly<Record<string, unknown>>;

/** A gateway under soak, started as an operator does. */
export interface SoakNode {
  readonly name: NodeName;
  readonly url: string;
  readonly decisionsUrl: string;
  readonly opsUrl: string;
  readonly pid: number;
  readonly ended: boolean;
  /** What its log says of a refused or failed request, if that was not long ago. @param id `X-Request-Id` */
  lineOf(id: string): Line | null;
  /** The processes that it has now, and what each is. */
  processes(): { readonly pid: number; readonly role: 'primary' | 'worker' | 'single' }[];
  /** Writes another configuration and sends SIGHUP. Resolves when it is in use. */
  reload(): Promise<void>;
  stop(): Promise<number | null>;
}

export interface NodePlan {
  readonly folder: string;
  /** Milliseconds between two measurements of a process. */
  readonly every: number;
  /** Told each line of the log above `info`, and each that is not JSON. */
  onTrouble(node: NodeName, line: Line): void;
}

const SCRIPT = resolve(import.meta.dirname, '../../../scripts/gatehouse.mjs');
const WORKERS = 2;
const START_LIMIT = 60_000;
const RELOAD_LIMIT = 30_000;
/** Lines of the log that are kept for `lineOf`. */
const MOST_REFUSED = 2_000;
const REFUSED = /"status":[45]/;
const IMPORTED = ['./probe.ts', './keep-briefly.ts'].map((file) => new URL(file, import.meta.url).href);

export async function startNode(
  scope: Scope,
  name: NodeName,
  surroundings: Surroundings,
  { folder, every, onTrouble }: NodePlan,
): Promise<SoakNode> {
  const [port, opsPort, decisionsPort] = [await freePort(), await freePort(), await freePort()];
  const file = join(folder, `${name}.yaml`);
  const shared = sharedSettings(surroundings);
  const own = {
    cleartext: { workers: WORKERS, listen: { port }, decisions: { port: decisionsPort } },
    tls: { listen: { port, tls: { certificate: SELF_SIGNED.cert, key: SELF_SIGNED.key } } },
  }[name];
  let reloads = 0;
  const configure = () => {
    const settings = { ...shared, ...own, ops: { port: opsPort }, routes: routes(surroundings, reloads % 3) };
    writeFileSync(file, stringify(settings));
  };
  configure();

  const imports = IMPORTED.map((url) => `--import=${url}`).join(' ');
  const node = startProcess(process.execPath, [SCRIPT, 'start', '--config', file], {
    ...process.env,
    NODE_OPTIONS: imports,
    [PROBE_FOLDER]: folder,
    [PROBE_EVERY]: String(every),
  });
  scope.teardown(() => node.end('SIGKILL'));
  let complaint = '';
  node.stderr.on('data', (text: Buffer) => {
    complaint = (complaint + text).slice(-2_000);
    onTrouble(name, { level: 'stderr', msg: String(text).slice(0, 500) });
  });
  const refused: string[] = [];
  const waiting = new Map<string, () => void>();
  let isListening = false;
  createInterface(node.stdout).on('line', (text) => {
    if (text.includes('"msg":"request"')) {
      if (REFUSED.test(text)) refused.push(text);
      if (refused.length > MOST_REFUSED) refused.splice(0, MOST_REFUSED / 2);
      return;
    }
    const line = parsed(text);
    if (line.level !== 'info' && line.level !== 'debug') onTrouble(name, line);
    if (line.msg === 'listening') isListening = true;
    waiting.get(String(line.msg))?.();
  });
  await holds(`node ${name} starts`, () => node.ended || isListening, START_LIMIT);
  if (node.ended) throw new Error(`node ${name} ended with ${node.exitCode}: ${complaint}`);

  return {
    name,
    url: `${name === 'tls' ? 'https' : 'http'}://127.0.0.1:${port}`,
    decisionsUrl: `http://127.0.0.1:${decisionsPort}`,
    opsUrl: `http://127.0.0.1:${opsPort}`,
    pid: node.pid,
    get ended() {
      return node.ended;
    },
    lineOf(id) {
      const text = refused.findLast((line) => line.includes(id));
      return text === undefined ? null : parsed(text);
    },
    processes() {
      if (node.ended) return [];
      const workers = childrenOf(node.pid).map((pid) => ({ pid, role: 'worker' as const }));
      return [{ pid: node.pid, role: name === 'cleartext' ? ('primary' as const) : ('single' as const) }, ...workers];
    },
    async reload() {
      reloads += 1;
      configure();
      const { promise, resolve: done } = Promise.withResolvers<void>();
      waiting.set('configuration taken over', done);
      process.kill(node.pid, 'SIGHUP');
      const limit = setTimeout(() => {
        onTrouble(name, { level: 'soak', msg: `no reload within ${RELOAD_LIMIT} ms` });
        done();
      }, RELOAD_LIMIT);
      await promise;
      clearTimeout(limit);
      waiting.delete('configuration taken over');
    },
    stop: () => node.end('SIGTERM'),
  };
}

function parsed(text: string): Line {
  try {
    return JSON.parse(text) as Line;
  } catch {
    return { level: 'unreadable', msg: text.slice(0, 500) };
  }
}
