import { Option } from 'commander';

/** The option `--config FILE`, whose default is the usual configuration. */
export function configOption(description = 'the configuration file'): Option {
  return new Option('--config <file>', description).default(usualConfig());
}

/** The file that the environment variable GATEHOUSE_CONFIG names, else `config/gateway.yaml`. */
export function usualConfig(): string {
  return process.env.GATEHOUSE_CONFIG || 'config/gateway.yaml';
}
