import { OperatorError } from '../../domain/errors.ts';
import { visibleLine } from '../../domain/visible-text.ts';
import type { ConsoleSnapshot } from '../../ops/console/snapshot.ts';
import type { OpsAddress } from '../ready/ops-address.ts';
import { follow } from './follow.ts';
import { screenOf } from './screen.ts';

/** Prints one snapshot. @throws OperatorError when none can be had */
export async function printOnce(address: OpsAddress, json: boolean): Promise<void> {
  const ending = new AbortController();
  for await (const news of follow(address, ending.signal)) {
    if (news.kind === 'lost') throw new OperatorError(`${address.name}: ${news.reason}`);
    const lines = screenOf(
      { address: address.name, history: [news.snapshot], lost: null },
      { columns: 100, rows: 100 },
    );
    process.stdout.write(json ? `${JSON.stringify(news.snapshot)}\n` : `${lines.map(({ text }) => text).join('\n')}\n`);
    ending.abort();
    return;
  }
}

/** Prints a line for each snapshot, and on standard error why there is none. */
export async function followAsLines(address: OpsAddress, json: boolean): Promise<void> {
  let told = '';
  for await (const news of follow(address, new AbortController().signal)) {
    if (news.kind === 'snapshot') {
      process.stdout.write(`${json ? JSON.stringify(news.snapshot) : lineOf(news.snapshot)}\n`);
      told = '';
    } else if (news.reason !== told) {
      process.stderr.write(`${address.name}: ${visibleLine(news.reason)}; trying again\n`);
      told = news.reason;
    }
  }
}

function lineOf({ at, status, rates, p50, p99, failures, inFlight }: ConsoleSnapshot): string {
  const counts = (map: Readonly<Record<string, number>>) =>
    Object.entries(map).map(([name, rate]) => `${name}=${rate}`);
  const parts = [
    new Date(at).toISOString(),
    status,
    ...counts(rates),
    ...(p50 === null ? [] : [`p50=${p50}ms`]),
    ...(p99 === null ? [] : [`p99=${p99}ms`]),
    `in-flight=${inFlight}`,
    ...counts(failures).map((text) => `failures.${text}`),
  ];
  return visibleLine(parts.join(' '));
}
