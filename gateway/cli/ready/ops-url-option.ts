import { InvalidArgumentError, Option } from 'commander';
import { type OpsAddress, opsIn } from './ops-address.ts';

/** The option `--url URL`, which names the ops listener in place of `--config`. */
export function opsUrlOption(): Option {
  return new Option('--url <url>', 'the ops listener as the log of the start names it, in place of --config')
    .argParser(addressIn)
    .conflicts('config');
}

/** @throws InvalidArgumentError */
function addressIn(text: string): OpsAddress {
  const address = opsIn(text);
  if (address === null) throw new InvalidArgumentError('It must be http://HOST:PORT or unix:/PATH.');
  return address;
}
