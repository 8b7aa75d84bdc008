import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Argument, Command } from 'commander';
import { OperatorError } from '../domain/errors.ts';
import { loadWithoutSecrets } from '../settings/read/load.ts';
import { configOption } from './config-option.ts';
import { caddyRecipe } from './recipes/caddy.ts';
import { envoyRecipe } from './recipes/envoy.ts';
import { gatewayApiRecipe } from './recipes/gateway-api.ts';
import { haproxyProgram } from './recipes/haproxy/program.ts';
import { haproxyRecipe } from './recipes/haproxy/recipe.ts';
import { nginxRecipe } from './recipes/nginx/recipe.ts';
import { type RecipePlan, recipePlan } from './recipes/plan.ts';
import { traefikRecipe } from './recipes/traefik.ts';

interface Options {
  config: string;
  listen: string;
  out?: string;
}

/** A file of a proxy's configuration. */
interface RecipeFile {
  readonly name: string;
  readonly text: string;
}

/** @param folder where the files will be */
type Recipe = (plan: RecipePlan, folder: string) => readonly RecipeFile[];

const RECIPES: Readonly<Record<string, { readonly folder: string; readonly filesFor: Recipe }>> = {
  nginx: { folder: '/etc/nginx/conf.d', filesFor: (plan) => [{ name: 'gatehouse.conf', text: nginxRecipe(plan) }] },
  caddy: { folder: '/etc/caddy', filesFor: (plan) => [{ name: 'Caddyfile', text: caddyRecipe(plan) }] },
  haproxy: {
    folder: '/etc/haproxy',
    filesFor: (plan, folder) => [
      { name: 'gatehouse.cfg', text: haproxyRecipe(plan, join(folder, 'gatehouse.lua')) },
      { name: 'gatehouse.lua', text: haproxyProgram(plan) },
    ],
  },
  traefik: { folder: '/etc/traefik', filesFor: (plan) => [{ name: 'gatehouse.yaml', text: traefikRecipe(plan) }] },
  envoy: { folder: '/etc/envoy', filesFor: (plan) => [{ name: 'envoy.yaml', text: envoyRecipe(plan) }] },
  'gateway-api': { folder: '.', filesFor: (plan) => [{ name: 'gatehouse.yaml', text: gatewayApiRecipe(plan) }] },
};

/** `recipe`: prints the configuration with which another proxy asks this gateway about each request. */
export function recipeCommand(): Command {
  return new Command('recipe')
    .description('Print the configuration of another proxy that asks this gateway about each request.')
    .addArgument(new Argument('<proxy>', 'the proxy').choices(Object.keys(RECIPES)))
    .addOption(configOption())
    .option('--listen <address>', 'where the proxy listens: HOST:PORT, or :PORT for every interface', ':80')
    .option('--out <folder>', 'write the files into this folder instead of printing them')
    .action((proxy: string, { config, listen, out }: Options, command: Command) => {
      const recipe = RECIPES[proxy];
      if (!LISTEN.test(listen)) {
        command.error(`error: --listen is "${listen}"; must be HOST:PORT or :PORT, such as :80`, { exitCode: 2 });
      }
      const settings = loadWithoutSecrets(config, process.env);
      const { decisions } = settings;
      if (decisions === undefined) {
        throw new OperatorError(
          `${config} has no decisions; add "decisions: { port: 8082 }" for the listener that proxies ask`,
        );
      }
      const files = recipe?.filesFor(recipePlan(settings, decisions, listen), resolve(out ?? recipe.folder)) ?? [];
      if (out === undefined) print(files, recipe?.folder ?? '.');
      else write(files, out);
    });
}

const LISTEN = /^(?:[A-Za-z0-9.-]+|\[[\da-fA-F:.]+\])?:\d{1,5}$/;

function print(files: readonly RecipeFile[], folder: string): void {
  const [first, ...others] = files;
  process.stdout.write(first?.text ?? '');
  for (const { name, text } of others) {
    process.stdout.write(
      `\n# ${'-'.repeat(30)} ${join(folder, name)} (--out FOLDER writes each file by itself)\n\n${text}`,
    );
  }
}

function write(files: readonly RecipeFile[], folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const { name, text } of files) {
    const file = join(folder, name);
    writeFileSync(file, text);
    process.stdout.write(`${file}\n`);
  }
}
