import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** From proc_net_tcp(5). */
const STATES: Readonly<Record<string, string>> = {
  '01': 'ESTABLISHED',
  '02': 'SYN_SENT',
  '03': 'SYN_RECV',
  '04': 'FIN_WAIT1',
  '05': 'FIN_WAIT2',
  '06': 'TIME_WAIT',
  '07': 'CLOSE',
  '08': 'CLOSE_WAIT',
  '09': 'LAST_ACK',
  '0A': 'LISTEN',
  '0B': 'CLOSING',
};

/** The states of all TCP sockets of this machine, by inode. */
export function tcpStates(): Map<string, string> {
  const states = new Map<string, string>();
  for (const file of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const line of readFileSync(file, 'utf8').split('\n').slice(1)) {
      const fields = line.trim().split(/\s+/);
      const [state, inode] = [fields[3], fields[9]];
      if (state !== undefined && inode !== undefined && inode !== '0') states.set(inode, STATES[state] ?? state);
    }
  }
  return states;
}

/**
 * What /proc says of a process: descriptors, TCP sockets by state, threads, memory.
 *
 * @returns null: it has ended
 */
export function systemValues(pid: number, states: ReadonlyMap<string, string>): Record<string, number> | null {
  try {
    const values: Record<string, number> = {};
    const names = readdirSync(`/proc/${pid}/fd`);
    values.descriptors = names.length;
    for (const name of names) {
      const [, inode] = /^socket:\[(\d+)\]$/.exec(linkOf(`/proc/${pid}/fd/${name}`)) ?? [];
      const state = inode === undefined ? undefined : states.get(inode);
      if (state !== undefined) values[`tcp ${state}`] = (values[`tcp ${state}`] ?? 0) + 1;
    }
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    values['anonymous memory'] = Number(/^RssAnon:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
    values.threads = Number(/^Threads:\s+(\d+)$/m.exec(status)?.[1] ?? 0);
    values['cpu seconds'] = cpuOf(pid);
    return values;
  } catch {
    return null;
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return ''; // Closed meanwhile.
  }
}

/** From proc_pid_stat(5): utime and stime in ticks, which Linux shows as hundredths of a second. */
function cpuOf(pid: number): number {
  const line = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
