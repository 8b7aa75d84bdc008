import { setTimeout as pause } from 'node:timers/promises';
import { Command, InvalidArgumentError } from 'commander';
import { OperatorError } from '../domain/errors.ts';
import { loadOps } from '../settings/read/load.ts';
import { wait } from '../settings/schema/formats.ts';
import { configOption } from './config-option.ts';
import { askReadiness, type Verdict } from './ready/ask.ts';
import { type OpsAddress, opsOf } from './ready/ops-address.ts';
import { opsUrlOption } from './ready/ops-url-option.ts';

interface Options {
  config: string;
  url?: OpsAddress;
  wait?: number;
  pid?: number;
  json?: true;
}

/** Milliseconds that one answer may take. */
const ANSWER_LIMIT = 2_000;
/** Milliseconds between an answer and the next question. */
const INTERVAL = 100;

/**
 * `ready`: asks the ops listener whether the gateway is ready; exit code 0 or 1. With `--wait`, asks until it is, or until the time
 * is over.
 */
export function readyCommand(): Command {
  return new Command('ready')
    .description('Ask a running gateway whether it is ready; exit 1 if it is not.')
    .addOption(configOption('the configuration file, of which only `ops` is read'))
    .addOption(opsUrlOption())
    .option('--wait <duration>', 'ask until it is ready, at most so long, such as 30s', milliseconds)
    .option(
      '--pid <pid>',
      'the process of the gateway: finds the socket of `ops.fd`; with --wait, give up when it has ended',
      processId,
    )
    .option('--json', 'print JSON')
    .action(async ({ config, url, wait: longest = 0, pid, json }: Options) => {
      const address = url ?? opsOf(config, loadOps(config, process.env), pid);
      const verdict = await askUntilReady(address, longest, pid);
      if (!json && !verdict.isReady) {
        const after = longest === 0 || verdict.kind === 'ended' ? '' : ` after ${longest / 1_000} s`;
        throw new OperatorError(`${address.name} is not ready${after}: ${textOf(verdict)}`);
      }
      const { kind: _, isReady, ...rest } = verdict;
      process.stdout.write(
        `${json ? JSON.stringify({ ready: isReady, url: address.name, ...rest }) : textOf(verdict)}\n`,
      );
      process.exitCode = isReady ? 0 : 1;
    });
}

/**
 * @param longest milliseconds; 0: asks once
 * @param pid the process of the gateway, if it is known
 * @returns the last verdict
 */
async function askUntilReady(address: OpsAddress, longest: number, pid?: number): Promise<Verdict> {
  const end = performance.now() + longest;
  let verdict = await askReadiness(address, longest === 0 ? ANSWER_LIMIT : Math.min(longest, ANSWER_LIMIT));
  for (;;) {
    const left = Math.ceil(end - performance.now() - INTERVAL);
    if (verdict.isReady || left <= 0) return verdict;
    if (pid !== undefined && !isRunning(pid))
      return { kind: 'ended', isReady: false, reason: `process ${pid} has ended` };
    await pause(INTERVAL);
    const next = await askReadiness(address, Math.min(left, ANSWER_LIMIT));
    // The last question is cut short by the end of the time, which says nothing of the gateway.
    if (next.kind !== 'late' || left >= ANSWER_LIMIT) verdict = next;
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // Another user's process.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function textOf(verdict: Verdict): string {
  if (verdict.kind !== 'answered') return verdict.reason;
  const { status, unavailable } = verdict;
  const state = status.replaceAll('_', ' ');
  if (unavailable.length === 0) return state;
  const down = `${unavailable.join(', ')} ${unavailable.length === 1 ? 'is' : 'are'} down`;
  return status === 'unavailable' ? down : `${state}; ${down}`;
}

/** @throws InvalidArgumentError */
function milliseconds(text: string): number {
  const { data, error } = wait().safeParse(text);
  if (error !== undefined) throw new InvalidArgumentError(`It ${error.issues[0]?.message}.`);
  return data;
}

/** @throws InvalidArgumentError */
function processId(text: string): number {
  // 0 and less mean groups of processes to kill(2).
  if (!/^[1-9]\d{0,9}$/.test(text)) throw new InvalidArgumentError('It must be the id of a process.');
  return Number(text);
}
