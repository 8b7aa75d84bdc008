import { Command } from 'commander';
import { OperatorError } from '../domain/errors.ts';
import { loadForKeys } from '../settings/read/load.ts';
import { newAssertionKey } from '../settings/schema/assertion-key.ts';
import { existingKeys, pemOf, publicJwkOf } from '../signing/assertion-keys.ts';
import { configOption } from './config-option.ts';
import { alignedTable } from './table.ts';

interface ListOptions {
  config: string;
  json?: true;
}

/** `key`: makes or lists keys of assertions. */
export function keyCommand(): Command {
  const command = new Command('key').description('Make or list the keys that sign assertions.');

  command
    .command('new')
    .description('print a new private key, in PEM')
    .option('--jwk', 'print it as a JWK')
    .action(({ jwk }: { jwk?: true }) => {
      const key = newAssertionKey();
      process.stdout.write(jwk ? `${JSON.stringify({ ...publicJwkOf(key), d: key.d })}\n` : pemOf(key));
    });

  command
    .command('list')
    .description('list the keys of the configuration: id, whether it signs, and the public JWK')
    .addOption(configOption())
    .option('--json', 'print JSON')
    .action(({ config, json }: ListOptions) => {
      const listed = listKeys(config);
      const rows = listed.map(({ kid, signs, jwk }) => [kid, signs ? 'yes' : 'no', JSON.stringify(jwk)]);
      process.stdout.write(
        json ? `${JSON.stringify(listed)}\n` : alignedTable([['KID', 'SIGNS', 'PUBLIC JWK'], ...rows]),
      );
    });
  return command;
}

/** @throws OperatorError when there are no assertions, or no key yet */
function listKeys(file: string) {
  const settings = loadForKeys(file, process.env);
  if (settings.assertion === undefined) {
    throw new OperatorError(
      `${file} has no assertion, so no keys: add assertion with its issuer, see docs/services.md.`,
    );
  }
  const keys = existingKeys(settings);
  if (keys === null) {
    throw new OperatorError(`There is no key yet: the gateway generates one beside the database at its next start.`);
  }
  return keys.map(publicJwkOf).map((jwk, index) => ({ kid: jwk.kid, signs: index === 0, jwk }));
}
