import { Option } from 'commander';

/**
 * The option `--config FILE`. Its default is the file that the environment variable GATEHOUSE_CONFIG names, else
 * `config/gateway.yaml`.
 */
export function configOption(description = 'the configuration file'): Option {
  return new Option('--config <file>', description).default(process.env.GATEHOUSE_CONFIG || 'config/gateway.yaml');
}
