import { isIP } from 'node:net';
import { Command } from 'commander';
import type { Account } from '../domain/account.ts';
import { addressOf } from '../fields/forwarded.ts';
import { isHostValue } from '../fields/host.ts';
import { ownPaths } from '../routing/table.ts';
import { loadWithoutSecrets, type SettingsWithoutSecrets } from '../settings/read/load.ts';
import { openAccounts } from '../stores/accounts/open.ts';
import { configOption } from './config-option.ts';
import { existingAccount } from './existing-account.ts';
import { explainRequest, type Pass, type Question, type Refusal } from './explain-request.ts';
import { reportProblems } from './report-problems.ts';
import { ANYBODY, CONFIRMED, OWNERS, upstreamUrls, whoPasses } from './route-text.ts';
import { alignedTable } from './table.ts';
import { withDatabase } from './with-database.ts';

interface Options {
  config: string;
  json?: boolean;
  host?: string;
  as?: string;
  scope?: string[];
  from?: string;
}

/** `routes`: prints the route table, or where one request goes; exit code 1 when the gateway would refuse it. */
export function routesCommand(): Command {
  return new Command('routes')
    .description('Print the route table, or where one request goes.')
    .argument('[method]', 'the method of a request, such as GET')
    .argument('[path]', 'the path of that request, such as /api/v1/orders/7')
    .option('--host <host>', 'the host of the request, such as shop.example.com')
    .option('--as <email>', 'the account that sends it, read from the database')
    .option('--scope <names...>', 'the scope of the token that the account uses; its password otherwise')
    .option('--from <address>', 'the address of its client, such as 203.0.113.7')
    .addOption(configOption())
    .option('--json', 'print JSON')
    .action((method: string | undefined, path: string | undefined, options: Options, command: Command) => {
      const { config, json = false } = options;
      if (method !== undefined && path === undefined) {
        command.error("error: missing required argument 'path'", { exitCode: 2 });
      }
      const problem = usageProblem(path, options);
      if (problem !== null) command.error(`error: ${problem}`, { exitCode: 2 });
      return reportProblems(config, json, async () => {
        if (method === undefined || path === undefined) {
          printTable(rowsOf(loadWithoutSecrets(config, process.env)), json);
          return;
        }
        printExplained(await explain({ method: method.toUpperCase(), path }, options), json);
      });
    });
}

/** @returns what is wrong with the options, or null */
function usageProblem(path: string | undefined, { host, as, scope, from }: Options): string | null {
  if (path === undefined && [host, as, scope, from].some((option) => option !== undefined)) {
    return '--host, --as, --scope and --from are about a request: METHOD and PATH must be given';
  }
  if (host !== undefined && !isHostValue(host)) return '--host must be a host such as shop.example.com';
  if (from !== undefined && isIP(from) === 0) return '--from must be an IP address such as 203.0.113.7';
  return scope !== undefined && as === undefined ? '--scope needs --as EMAIL, the account of the token' : null;
}

async function explain(
  request: Pick<Question, 'method' | 'path'>,
  { config, host, as, scope = [], from }: Options,
): Promise<Pass | Refusal> {
  const names = scope.flatMap((text) => text.split(/[\s,]+/)).filter((name) => name !== '');
  return explainRequest(loadWithoutSecrets(config, process.env), {
    ...request,
    host,
    account: as === undefined ? null : await readAccount(config, as),
    scope: names.length === 0 ? null : names,
    from: from === undefined ? null : addressOf(from),
  });
}

async function readAccount(config: string, email: string): Promise<Account | null> {
  let account: Account | null = null;
  await withDatabase(config, async ({ settings, database }) => {
    account = await existingAccount(await openAccounts(database, settings.accounts), email);
  });
  return account;
}

function printTable(rows: readonly Row[], json: boolean): void {
  process.stdout.write(json ? `${JSON.stringify(rows)}\n` : tableOf(rows));
}

function printExplained(explained: Pass | Refusal, json: boolean): void {
  if ('status' in explained) process.exitCode = 1;
  if (json) process.stdout.write(`${JSON.stringify(explained)}\n`);
  else if ('status' in explained) process.stderr.write(refusalText(explained));
  else process.stdout.write(passText(explained));
}

interface Row {
  readonly name: string;
  /** null: all. */
  readonly methods: readonly string[] | null;
  /** null: every host. */
  readonly hosts: readonly string[] | null;
  readonly path: string;
  readonly who: string;
  /** null: the gateway answers. */
  readonly upstreams: readonly string[] | null;
}

function rowsOf(settings: SettingsWithoutSecrets): Row[] {
  const { routes, api } = settings;
  const { pages, keySet } = ownPaths(settings);
  const own = { name: '(gateway)', hosts: null, upstreams: null };
  return [
    { ...own, methods: ['GET', 'POST', 'DELETE'], path: `${api.prefix}/tokens`, who: CONFIRMED },
    ...(pages === null ? [] : [{ ...own, methods: ['GET', 'POST'], path: pages, who: OWNERS }]),
    ...(keySet === null ? [] : [{ ...own, methods: ['GET'], path: keySet, who: ANYBODY }]),
    ...routes.map((route) => ({
      name: route.name,
      methods: route.methods ?? null,
      hosts: route.host ?? null,
      path: route.path,
      who: whoPasses(route),
      upstreams: upstreamUrls(settings, route, { path: route.path, query: '' }),
    })),
  ];
}

/** Hosts have a column only where a route names one. */
function tableOf(rows: readonly Row[]): string {
  const hasHosts = rows.some(({ hosts }) => hosts !== null);
  const lines = rows.map(({ name, methods, hosts, path, who, upstreams }) => [
    name,
    methods?.join(', ') ?? 'all',
    ...(hasHosts ? [hosts?.join(', ') ?? 'all'] : []),
    path,
    who,
    upstreams?.join(', ') ?? '(answered here)',
  ]);
  return alignedTable([['NAME', 'METHODS', ...(hasHosts ? ['HOST'] : []), 'PATH', 'WHO', 'UPSTREAM'], ...lines]);
}

function passText({ route, who, as, upstreams }: Pass): string {
  const account = as === undefined ? [] : [`as        ${as}: may pass`];
  const urls = (upstreams ?? []).map((url) => `upstream  ${url}`);
  return [`route     ${route}`, `who       ${who}`, ...account, ...urls, ''].join('\n');
}

function refusalText({ method, path, status, message, detail }: Refusal): string {
  return `${method} ${path} is answered with ${status}: ${message}${detail === message ? '' : ` (${detail})`}.\n`;
}
