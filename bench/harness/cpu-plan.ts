import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { parse as parseYaml } from 'yaml';
import { OperatorError } from '../../gateway/domain/errors.ts';
import { CREDENTIALS, type Credential } from './credential.ts';
import { PATH } from './upstream.ts';

/** One of the gateways that are compared. */
export interface Side {
  readonly name: string;
  /** The folder of its checkout. */
  readonly checkout: string;
  /** As in the configuration file. */
  readonly settings: Record<string, unknown>;
}

export interface CpuPlan {
  readonly sides: readonly Side[];
  readonly rounds: number;
  /** Of each load. */
  readonly seconds: number;
  readonly connections: number;
  readonly path: string;
  /** Bytes that are sent by POST; null: a GET. */
  readonly bodyLength: number | null;
  readonly credential: Credential;
}

export type ParsedCpuPlan =
  | { readonly kind: 'run'; readonly plan: CpuPlan }
  | { readonly kind: 'help' }
  | { readonly kind: 'wrong'; readonly message: string };

export const CPU_USAGE = `node bench/cpu.ts [--rounds 5] [--seconds 4] [--connections 32] [--path ${PATH}] [--body BYTES] [--credential token|password|none] NAME=FOLDER[@SETTINGS] ...
FOLDER: a checkout with its node_modules. SETTINGS: YAML as in the configuration file, for instance '{ listen: { fastPath: false } }'.`;

/** Reads the command line. */
export function parseCpuPlan(args: readonly string[]): ParsedCpuPlan {
  try {
    const { values, positionals } = parse(args);
    if (values.help === true) return { kind: 'help' };
    if (positionals.length === 0) throw new OperatorError('give at least one NAME=FOLDER');
    const plan = {
      sides: positionals.map(sideOf),
      rounds: wholeNumber('rounds', values.rounds, 50),
      seconds: wholeNumber('seconds', values.seconds, 300),
      connections: wholeNumber('connections', values.connections, 1_000),
      path: values.path,
      bodyLength: values.body === undefined ? null : wholeNumber('body', values.body, 2_097_152),
      credential: credentialOf(values.credential),
    };
    return { kind: 'run', plan };
  } catch (error) {
    return {
      kind: 'wrong',
      message: error instanceof Error ? (error.message.split(/\n|\. /)[0] ?? '') : String(error),
    };
  }
}

function parse(args: readonly string[]) {
  const options = {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '4' },
    connections: { type: 'string', default: '32' },
    path: { type: 'string', default: PATH },
    body: { type: 'string' },
    credential: { type: 'string', default: 'token' },
    help: { type: 'boolean' },
  } as const;
  return parseArgs({ args: [...args], options, allowPositionals: true });
}

function sideOf(given: string): Side {
  const [, name, folder, settings = '{}'] = /^([\w-]+)=([^@]+)(?:@(.*))?$/.exec(given) ?? [];
  if (name === undefined || folder === undefined) {
    throw new OperatorError(`${given} is not of the form NAME=FOLDER or NAME=FOLDER@SETTINGS`);
  }
  const parsed: unknown = parseYaml(settings);
  if (typeof parsed !== 'object' || parsed === null) throw new OperatorError(`${settings} is no mapping of settings`);
  return { name, checkout: resolve(folder), settings: parsed as Record<string, unknown> };
}

function credentialOf(given: string): Credential {
  const credential = CREDENTIALS.find((one) => one === given);
  if (credential !== undefined) return credential;
  throw new OperatorError(`--credential takes ${CREDENTIALS.join(', ')}`);
}

function wholeNumber(name: string, given: string, most: number): number {
  const value = /^\d{1,9}$/.test(given) ? Number(given) : 0;
  if (value >= 1 && value <= most) return value;
  throw new OperatorError(`--${name} takes a whole number from 1 to ${most}`);
}
