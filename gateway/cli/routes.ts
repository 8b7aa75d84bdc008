import { Command } from 'commander';
import { GatewayError, OperatorError } from '../errors.ts';
import { upstreamTarget } from '../forward/path.ts';
import { compileRoutes, routeFor } from '../request/routes.ts';
import { parseTarget } from '../request/target.ts';
import { loadSettings } from '../settings/load.ts';
import type { RouteSettings, Settings } from '../settings/schema.ts';
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

function table({ routes, api }: Settings): string {
  return alignedTable([
    ['NAME', 'METHODS', 'PATH', 'WHO', 'UPSTREAM'],
    ['(gateway)', 'GET, POST', `${api.prefix}/tokens`, 'confirmed accounts', '(answered here)'],
    ...routes.map((route) => [
      route.name,
      route.methods?.join(', ') ?? 'all',
      route.path,
      who(route),
      route.upstream.map((base) => upstreamUrl(route, base, route.path, '')).join(', '),
    ]),
  ]);
}

/** @throws OperatorError with the answer that the request would get, where it is refused */
function explain(settings: Settings, method: string, path: string): string {
  try {
    const target = parseTarget(path, undefined);
    const { place, belowPrefix } = compileRoutes(settings.routes, settings.api.prefix).locate(target);
    if (place.kind === 'tokens') return `route     (the gateway's own token endpoint)\nwho       confirmed accounts\n`;
    if (place.kind === 'nothing') {
      throw new OperatorError(`No route takes ${path}: 404${belowPrefix ? ', and 401 without credentials' : ''}.`);
    }
    if (place.kind === 'ambiguous') {
      throw new OperatorError(`${path} is not in its normal form (case, encoding or slashes): 400.`);
    }
    const route = routeFor(place, method);
    if (route === undefined) throw new OperatorError(`${place.path} takes ${place.allow}, not ${method}: 405.`);
    if (target.hasEncodedSlash && !route.allowEncodedSlashes) {
      throw new OperatorError(
        `${path} contains an encoded slash, and route ${route.name} has no allowEncodedSlashes: 400.`,
      );
    }
    const urls = route.upstream.map((base) => upstreamUrl(route, base, target.path, target.query));
    return `route     ${route.name}\nwho       ${who(route)}\n${urls.map((url) => `upstream  ${url}\n`).join('')}`;
  } catch (error) {
    if (error instanceof GatewayError) throw new OperatorError(`${path}: ${error.publicMessage}: ${error.status}.`);
    throw error;
  }
}

function who(route: RouteSettings): string {
  return route.auth === 'none' ? 'anybody' : 'confirmed accounts';
}

function upstreamUrl(route: RouteSettings, base: string, path: string, query: string): string {
  const { origin, pathname } = new URL(base);
  return origin + upstreamTarget({ path, query }, route, pathname.replace(/\/+$/, ''));
}
