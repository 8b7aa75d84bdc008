import { Command } from 'commander';
import { GatewayError } from '../domain/errors.ts';
import { upstreamAddress, upstreamTarget } from '../forward/path.ts';
import { parseTarget } from '../http/target.ts';
import { planFor } from '../routing/plan.ts';
import { compileRoutes, ownPaths } from '../routing/table.ts';
import { loadWithoutSecrets, type SettingsWithoutSecrets } from '../settings/read/load.ts';
import type { RouteSettings } from '../settings/schema/settings.ts';
import { groupOf } from '../settings/schema/upstream-group.ts';
import { reportProblems } from './report-problems.ts';
import { alignedTable } from './table.ts';

interface Options {
  config: string;
  json?: boolean;
}

/** `routes`: prints the route table, or where one request goes; exit code 1 when the gateway would refuse it. */
export function routesCommand(): Command {
  return new Command('routes')
    .description('Print the route table, or where one request goes.')
    .argument('[method]', 'the method of a request, such as GET')
    .argument('[path]', 'the path of that request, such as /api/v1/orders/7')
    .option('--config <file>', 'the configuration file', 'config/gateway.yaml')
    .option('--json', 'print JSON')
    .action(
      (method: string | undefined, path: string | undefined, { config, json = false }: Options, command: Command) => {
        if (method !== undefined && path === undefined) {
          command.error("error: missing required argument 'path'", { exitCode: 2 });
        }
        return reportProblems(config, json, () => {
          const settings = loadWithoutSecrets(config, process.env);
          if (method === undefined || path === undefined) printTable(rowsOf(settings), json);
          else printExplained(explain(settings, method.toUpperCase(), path), json);
        });
      },
    );
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
  readonly path: string;
  readonly who: string;
  /** null: the gateway answers. */
  readonly upstreams: readonly string[] | null;
}

function rowsOf(settings: SettingsWithoutSecrets): Row[] {
  const { routes, api } = settings;
  const { pages, keySet } = ownPaths(settings);
  const own = { name: '(gateway)', upstreams: null };
  return [
    { ...own, methods: ['GET', 'POST', 'DELETE'], path: `${api.prefix}/tokens`, who: CONFIRMED },
    ...(pages === null ? [] : [{ ...own, methods: ['GET', 'POST'], path: pages, who: OWNERS }]),
    ...(keySet === null ? [] : [{ ...own, methods: ['GET'], path: keySet, who: ANYBODY }]),
    ...routes.map((route) => ({
      name: route.name,
      methods: route.methods ?? null,
      path: route.path,
      who: whoPasses(route),
      upstreams: upstreamUrls(settings, route, { path: route.path, query: '' }),
    })),
  ];
}

function tableOf(rows: readonly Row[]): string {
  const lines = rows.map(({ name, methods, path, who, upstreams }) => [
    name,
    methods?.join(', ') ?? 'all',
    path,
    who,
    upstreams?.join(', ') ?? '(answered here)',
  ]);
  return alignedTable([['NAME', 'METHODS', 'PATH', 'WHO', 'UPSTREAM'], ...lines]);
}

/** A request that the gateway forwards or answers. */
interface Pass {
  readonly method: string;
  readonly path: string;
  readonly route: string;
  readonly who: string;
  /** The possible upstream URLs; null: the gateway answers. */
  readonly upstreams: readonly string[] | null;
}

/** The answer to a request that the gateway refuses from every client. */
interface Refusal extends Pick<Pass, 'method' | 'path'> {
  readonly status: number;
  readonly error: string;
  readonly message: string;
  readonly detail: string;
}

function explain(settings: SettingsWithoutSecrets, method: string, path: string): Pass | Refusal {
  const own = (name: string, who: string): Pass => ({
    method,
    path,
    route: `(the gateway's own ${name})`,
    who,
    upstreams: null,
  });
  try {
    const target = parseTarget(path, undefined);
    const table = compileRoutes(settings.routes, settings.api.prefix, ownPaths(settings));
    const plan = planFor(table.locate(target), target, method);
    if (plan.kind === 'refuse') throw plan.error;
    if (plan.kind === 'tokens') return own('token endpoint', CONFIRMED);
    if (plan.kind === 'pages') return own('pages', OWNERS);
    if (plan.kind === 'key-set') return own('keys', ANYBODY);
    const { route } = plan;
    const upstreams = upstreamUrls(settings, route, target);
    return { method, path, route: route.name, who: plan.needsIdentity ? CONFIRMED : ANYBODY, upstreams };
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    const { status, code, publicMessage, message } = error;
    return { method, path, status, error: code, message: publicMessage, detail: message };
  }
}

function passText({ route, who, upstreams }: Pass): string {
  return [`route     ${route}`, `who       ${who}`, ...(upstreams ?? []).map((url) => `upstream  ${url}`), ''].join(
    '\n',
  );
}

function refusalText({ method, path, status, message, detail }: Refusal): string {
  return `${method} ${path} is answered with ${status}: ${message}${detail === message ? '' : ` (${detail})`}.\n`;
}

const CONFIRMED = 'confirmed accounts';
const OWNERS = 'account owners';
const ANYBODY = 'anybody';

function whoPasses(route: RouteSettings): string {
  return route.auth === 'none' ? ANYBODY : CONFIRMED;
}

/** @returns what stands for them if there are none: the route is for decisions alone */
function upstreamUrls(
  { upstreams }: Pick<SettingsWithoutSecrets, 'upstreams'>,
  route: RouteSettings,
  target: { readonly path: string; readonly query: string },
): string[] {
  if (route.upstream === undefined) return [DECISIONS_ONLY];
  return groupOf(route.upstream, upstreams).servers.map(({ url }) => {
    const { origin, basePath, socketPath } = upstreamAddress(url);
    return origin + (socketPath === null ? '' : ':') + basePath + upstreamTarget(target, route);
  });
}

const DECISIONS_ONLY = '(decisions only)';
