import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { PATH } from '../../test/lab/gateways/load.ts';
import type { NodeProcess } from '../../test/lab/gateways/nodes.ts';

/** How many requests with a credential a node answers in a second, when a process of its own sends them. */
export async function requestRate({ url }: NodeProcess, authorization: string, seconds: number): Promise<number> {
  const program = join(import.meta.dirname, '../requests.ts');
  const args = [program, url, PATH, authorization, String(seconds)];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return Math.round(Number(stdout) / seconds);
}
