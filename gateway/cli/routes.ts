import { Command } from 'commander';
import { GatewayError, OperatorError } from '../errors.ts';
import { upstreamAddress, upstreamTarget } from '../forward/path.ts';
import { planFor } from '../request/plan.ts';
import { compileRoutes, pagesPath } from '../request/routes.ts';
import { parseTarget } from '../request/target.ts';
import { loadSettings } from '../settings/load.ts';
import type { RouteSettings, Settings } from '../settings/schema.ts';
import { groupOf } from '../settings/upstream-group.ts';
import { alignedTable } from './table.ts';

export function routesCommand(): Command {
  return new Command('routes')
    .description('Print the route table, or what becomes of one request.')
    .argument('[method]', 'the method of a request, such as GET')
    .argument('[path]', 'the path of that request, such as /api/v1/orders/7')
    .option('--config <file>', 'the configuration file', 'config/gateway.yaml')
    .action(
      async (
        method: string | undefined,
        path: string | undefined,
        { config }: { config: string },
        command: Command,
      ) => {
        const settings = loadSettings(config, process.env);
        if (method === undefined) process.stdout.write(table(settings));
        else if (path === undefined) command.error("error: missing required argument 'path'", { exitCode: 2 });
        else process.stdout.write(explain(settings, method.toUpperCase(), path));
      },
    );
}

function table(settings: Settings): string {
  const { routes, api, upstreams } = settings;
  const pages = pagesPath(settings);
  return alignedTable([
    ['NAME', 'METHODS', 'PATH', 'WHO', 'UPSTREAM'],
    ['(gateway)', 'GET, POST, DELETE', `${api.prefix}/tokens`, 'confirmed accounts', '(answered here)'],
    ...(pages === null ? [] : [['(gateway)', 'GET, POST', pages, 'account owners', '(answered here)']]),
    ...routes.map((route) => [
      route.name,
      route.methods?.join(', ') ?? 'all',
      route.path,
      who(route),
      groupOf(route, upstreams)
        .servers.map(({ url }) => upstreamUrl(route, url, route.path, ''))
        .join(', '),
    ]),
  ]);
}

/** @throws OperatorError with the answer that the request would get, where it is refused */
function explain(settings: Settings, method: string, path: string): string {
  try {
    const target = parseTarget(path, undefined);
    const plan = planFor(compileRoutes(settings.routes, settings.api.prefix, pagesPath(settings)), target, method);
    if (plan.kind === 'refuse') throw plan.error;
    const passes = plan.needsIdentity ? 'confirmed accounts' : 'anybody';
    if (plan.kind === 'tokens') return `route     (the gateway's own token endpoint)\nwho       ${passes}\n`;
    if (plan.kind === 'pages') return `route     (the gateway's own pages)\nwho       account owners\n`;
    const { route } = plan;
    const { servers } = groupOf(route, settings.upstreams);
    const urls = servers.map(({ url }) => upstreamUrl(route, url, target.path, target.query));
    return `route     ${route.name}\nwho       ${passes}\n${urls.map((url) => `upstream  ${url}\n`).join('')}`;
  } catch (error) {
    if (error instanceof GatewayError) {
      const detail = error.message === error.publicMessage ? '' : ` (${error.message})`;
      throw new OperatorError(`${method} ${path} is answered with ${error.status}: ${error.publicMessage}${detail}.`);
    }
    throw error;
  }
}

function who(route: RouteSettings): string {
  return route.auth === 'none' ? 'anybody' : 'confirmed accounts';
}

function upstreamUrl(route: RouteSettings, base: string, path: string, query: string): string {
  const { origin, basePath, socketPath } = upstreamAddress(base);
  return origin + (socketPath === null ? '' : ':') + basePath + upstreamTarget({ path, query }, route);
}
