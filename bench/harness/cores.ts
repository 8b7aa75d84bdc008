import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { OperatorError } from '../../gateway/domain/errors.ts';

/** The two cores of a measurement, by their numbers in Linux. */
export interface Cores {
  /** For the server under test, and nothing else. */
  readonly server: number;
  /** For the load, the upstream, the stores and this program. */
  readonly load: number;
}

/**
 * Two of the cores that this process may use: the last is the server's, for the first is where Linux likes to put
 * interrupts; and another one that shares no physical core with it, if there is such a one.
 *
 * @throws {OperatorError} On one core, where load and server would take time from each other.
 */
export function findCores(): Cores {
  const allowed = parseList(/^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '');
  const server = allowed.at(-1);
  const others = allowed.slice(0, -1);
  const load = others.find((core) => !siblingsOf(server ?? 0).includes(core)) ?? others[0];
  if (server === undefined || load === undefined) {
    throw new OperatorError(
      'The benchmark needs two cores, one for the server and one for the load; here is only one.',
    );
  }
  return { server, load };
}

/** Moves this process with all its threads to a core; what it starts from now on runs there too. */
export async function moveTo(core: number): Promise<void> {
  await promisify(execFile)('taskset', ['--all-tasks', '--cpu-list', '--pid', String(core), String(process.pid)]);
}

/** The command line that runs a program on a core, under the same process id. */
export function onCore(core: number, command: string, args: readonly string[]): readonly [string, readonly string[]] {
  return ['taskset', ['--cpu-list', String(core), command, ...args]];
}

function siblingsOf(core: number): number[] {
  try {
    return parseList(readFileSync(`/sys/devices/system/cpu/cpu${core}/topology/thread_siblings_list`, 'utf8').trim());
  } catch {
    return [core];
  }
}

/** Reads a list of the kernel's, such as `0-3,8`. */
function parseList(list: string): number[] {
  return list.split(',').flatMap((range) => {
    const [first = Number.NaN, last = first] = range.split('-').map(Number);
    return Number.isNaN(first) ? [] : Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}
