import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

let ticksPerSecond: number | null = null;

/** CPU time, user and system, in milliseconds, that a process and its descendants have taken, those that are over included. */
export function cpuTimeOf(root: number): number {
  return milliseconds(treeOf(root).reduce((sum, { user, system }) => sum + user + system, 0));
}

/** The part of `cpuTimeOf` that was not spent in the kernel. */
export function userTimeOf(root: number): number {
  return milliseconds(treeOf(root).reduce((sum, { user }) => sum + user, 0));
}

/** How long a core has been at work for anybody, in milliseconds (proc_stat(5)): all but idle, iowait and the guests in user. */
export function busyTimeOf(core: number): number {
  const line = new RegExp(`^cpu${core} (.*)$`, 'm').exec(readFileSync('/proc/stat', 'utf8'))?.[1] ?? '';
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = line.split(' ').map(Number);
  return milliseconds(user + nice + system + irq + softirq + steal);
}

function milliseconds(ticks: number): number {
  ticksPerSecond ??= Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
  return (ticks * 1_000) / ticksPerSecond;
}

/**
 * The memory of a process and its descendants, in bytes: their proportional set size, in which a page that several share
 * counts once (proc_pid_smaps(5)).
 */
export function memoryOf(root: number): number {
  const kilobytes = treeOf(root).map(({ pid }) => {
    const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
    return Number(/^Pss:\s+(\d+) kB$/m.exec(rollup)?.[1]);
  });
  return kilobytes.reduce((sum, one) => sum + one, 0) * 1_024;
}

interface Stat {
  readonly pid: number;
  readonly parent: number;
  /** In ticks. */
  readonly user: number;
  readonly system: number;
}

function treeOf(root: number): Stat[] {
  const all = readdirSync('/proc').flatMap((name) => statOf(name) ?? []);
  const tree = all.filter(({ pid }) => pid === root);
  for (const { pid } of tree) tree.push(...all.filter(({ parent }) => parent === pid));
  return tree;
}

/**
 * By proc_pid_stat(5), counted behind the name, which may contain anything: parent 4, utime 14, stime 15, and of children
 * that were waited for cutime 16, cstime 17.
 */
function statOf(name: string): Stat | null {
  if (!/^\d+$/.test(name)) return null;
  try {
    const line = readFileSync(`/proc/${name}/stat`, 'utf8');
    const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
    const field = (number: number) => Number(fields[number - 3]);
    return { pid: Number(name), parent: field(4), user: field(14) + field(16), system: field(15) + field(17) };
  } catch {
    return null; // It ended meanwhile.
  }
}
