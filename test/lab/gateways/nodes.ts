import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { stringify } from 'yaml';
import { hashPassword } from '../../../gateway/identify/passwords/password.ts';
import type { DatabaseLocation } from '../../../gateway/settings/schema/database-url.ts';
import { type AccountStore, sqlAccountStore } from '../../../gateway/stores/accounts/store.ts';
import { type Database, openDatabase } from '../../../gateway/stores/database/connection.ts';
import { migrate } from '../../../gateway/stores/database/migrate.ts';
import { HERE, type Place } from '../processes/place.ts';
import { startProcess } from '../processes/server-process.ts';
import type { Scope } from '../scope.ts';
import { urlOf } from '../stores/database.ts';
import { holds } from '../waiting/condition.ts';
import { ADA, BOB } from './gateway.ts';
import { type LogLine, startInProcess } from './in-process.ts';

/** One of several gateways that share their stores. */
export interface GatewayNode {
  readonly name: string;
  readonly url: string;
  readonly opsUrl: string;
  /** Its process; null: it is in this one. */
  readonly pid: number | null;
  readonly log: readonly LogLine[];
  /** The response of `/health/ready`. */
  ready(): Promise<{ status: number; unavailable: readonly string[] }>;
  /** The logged changes of the state of a store, in order. */
  changes(store: 'database' | 'redis'): string[];
}

/** A gateway in a separate process. */
export interface NodeProcess extends GatewayNode {
  readonly pid: number;
  /** null while it runs, or if a signal ended it. */
  readonly exitCode: number | null;
  /** Shuts it down with a signal. @returns its exit code */
  stop(): Promise<number | null>;
  /** Kills it (SIGKILL), as in a power failure. */
  kill(): Promise<number | null>;
}

/** A gateway in this process. */
export interface NodeHere extends GatewayNode {
  readonly pid: null;
  /** Shuts it down in order. */
  stop(): Promise<void>;
}

export interface Gateways {
  readonly database: Database;
  readonly accounts: AccountStore;
  /**
   * Starts another node.
   *
   * @param settings replace those that all nodes share
   * @param clockShift milliseconds by which its clock is wrong
   * @param place whose address `settings` name, unless it is loopback
   */
  start(name: string, settings?: Record<string, unknown>, clockShift?: number, place?: Place): Promise<NodeProcess>;
  /**
   * Starts another node in this process. Not for SQLite: its calls block the thread, in which the holder of the lock then waits.
   *
   * @param settings replace those that all nodes share
   */
  startHere(name: string, settings?: Record<string, unknown>): Promise<NodeHere>;
  /** Rewrites the configuration of a node. @returns the file */
  configure(name: string, settings: Record<string, unknown>): Promise<string>;
  /** Runs a gateway command with the same configuration. @param input its standard input */
  command(args: readonly string[], input?: string): Promise<{ code: number; stdout: string; stderr: string }>;
}

const MAIN = resolve(import.meta.dirname, '../../../gateway/main.ts');
const SHIFTED_CLOCK = new URL('./shifted-clock.ts', import.meta.url).href;
const PASSWORD_COST = 4;
const START_LIMIT = 60_000;
const COMMAND_LIMIT = 60_000;

/**
 * Prepares gateways that share their stores, with a database where Ada (id 1) and Bob (id 2) are confirmed.
 *
 * @param settings as in the configuration file, for all nodes
 */
export async function gateways(
  t: Scope,
  {
    location,
    redis,
    upstream,
    settings = {},
  }: { location: DatabaseLocation; redis: string; upstream: string; settings?: Record<string, object> },
): Promise<Gateways> {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-nodes-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const database = openDatabase(location, { timeout: 10_000 });
  t.teardown(() => database.close());
  await migrate(database);
  const accounts = sqlAccountStore(database);
  for (const { email, password } of [ADA, BOB]) {
    await accounts.add({ email, passwordHash: await hashPassword(password, PASSWORD_COST), confirmed: true });
  }
  const common = {
    ...settings,
    listen: { port: 0 },
    ops: { port: 0 },
    database: { url: urlOf(location), ...settings.database },
    redis: { url: redis, ...settings.redis },
    tokens: { secrets: ['of these tests alone, and long enough'], ...settings.tokens },
    accounts: { passwordCost: PASSWORD_COST, ...settings.accounts },
    log: { level: 'info', format: 'json' },
    routes: [{ name: 'orders', path: '/api/v1/orders', upstream }],
  };
  const configured = async (name: string, own: Record<string, unknown>) => {
    const file = join(folder, `${name}.yaml`);
    await writeFile(file, stringify({ ...common, ...own }));
    return file;
  };

  return {
    database,
    accounts,
    start: async (name, own = {}, clockShift = 0, place = HERE) =>
      await startNode(t, name, await configured(name, own), clockShift, place),
    startHere: (name, own = {}) => startHere(t, name, { ...common, ...own }),
    configure: configured,
    async command(args, input = '') {
      const file = await configured('command', {});
      return await new Promise((resolve) => {
        const child = execFile(
          process.execPath,
          [MAIN, ...args, '--config', file],
          { timeout: COMMAND_LIMIT },
          (error, stdout, stderr) => resolve({ code: error === null ? 0 : Number(error.code ?? -1), stdout, stderr }),
        );
        child.stdin?.end(input);
      });
    },
  };
}

async function startNode(t: Scope, name: string, file: string, clockShift: number, place: Place): Promise<NodeProcess> {
  const preload = clockShift === 0 ? [] : ['--import', SHIFTED_CLOCK];
  const env = { ...process.env, CLOCK_SHIFT: String(clockShift) };
  const node = startProcess(...place.command(process.execPath, [...preload, MAIN, 'start', '--config', file]), env);
  t.teardown(() => node.end('SIGKILL'));
  const log: LogLine[] = [];
  createInterface(node.stdout).on('line', (line) => log.push(JSON.parse(line) as LogLine));
  let complaint = '';
  node.stderr.on('data', (text: Buffer) => {
    complaint += text.toString();
  });
  const listening = () => log.find(({ msg }) => msg === 'listening');
  await holds(`node ${name} starts`, () => node.ended || listening() !== undefined, START_LIMIT);
  const started = listening();
  if (started === undefined) throw new Error(`node ${name} ended with ${node.exitCode}: ${complaint}`);
  const [url, opsUrl] = [String(started.url), String(started.ops)];
  return {
    name,
    url,
    opsUrl,
    pid: node.pid,
    log,
    get exitCode() {
      return node.exitCode;
    },
    ready: () => readyOf(opsUrl),
    changes: changesIn(log),
    stop: () => node.end('SIGTERM'),
    kill: () => node.end('SIGKILL'),
  };
}

async function startHere(t: Scope, name: string, configuration: Record<string, unknown>): Promise<NodeHere> {
  const { gateway, log } = await startInProcess(t, configuration);
  const { url, opsUrl } = gateway;
  return {
    name,
    url,
    opsUrl,
    pid: null,
    log,
    ready: () => readyOf(opsUrl),
    changes: changesIn(log),
    stop: () => gateway.close(),
  };
}

async function readyOf(opsUrl: string): ReturnType<GatewayNode['ready']> {
  const answer = await fetch(`${opsUrl}/health/ready`);
  const { unavailable = [] } = (await answer.json()) as { unavailable?: string[] };
  return { status: answer.status, unavailable };
}

function changesIn(log: readonly LogLine[]): GatewayNode['changes'] {
  return (store) => log.filter((line) => line.store === store).map(({ msg }) => String(msg));
}
