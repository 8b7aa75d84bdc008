import cluster from 'node:cluster';
import { OperatorError } from '../domain/errors.ts';
import type { ListenerName } from '../settings/schema/listener-options.ts';
import { FIRST_PASSED, isSocket } from './socket-descriptors.ts';

/** What a service manager says of the sockets that it passes. */
interface Passed {
  readonly count: number;
  /** In the order of the descriptors. */
  readonly names: readonly string[];
}

/**
 * Finds a socket that was open before the gateway started (socket activation).
 *
 * @param fd its number, or its name in `LISTEN_FDNAMES`
 * @returns its descriptor, which in a worker is one of the primary
 * @throws OperatorError if there is no such socket
 */
export function inheritedSocket(listener: ListenerName, fd: number | string, env = process.env): number {
  const refuse = (problem: string, advice: string) =>
    new OperatorError(`${listener}: cannot listen on ${listener}.fd ${fd}: ${problem}. ${advice}`);
  const passed = passedSockets(env);
  if (passed === 'to-another-process') {
    throw refuse(
      `the service manager has passed its sockets to process ${env.LISTEN_PID}, and this is process ${owner()}`,
      'Start the gateway by exec, without a program in between.',
    );
  }
  const number = typeof fd === 'number' ? fd : numberOf(fd, passed);
  if (number === null) {
    const known = passed === null ? 'LISTEN_FDNAMES is not set' : `LISTEN_FDNAMES is "${passed.names.join(':')}"`;
    throw refuse(
      `no single socket has this name, ${known}`,
      'Set FileDescriptorName in the socket unit, or a number here.',
    );
  }
  if (passed !== null && number >= FIRST_PASSED + passed.count) {
    throw refuse(
      passed.count === 0
        ? 'the service manager has passed no socket'
        : `the last socket passed is ${FIRST_PASSED + passed.count - 1}`,
      'Start the gateway by its socket unit, or correct the number.',
    );
  }
  // The descriptors of the primary are not open here.
  if (cluster.isPrimary && !isSocket(number)) {
    throw refuse('it is not a socket', 'Start the gateway by a socket unit, or set host and port instead.');
  }
  return number;
}

/** @returns null if no service manager says anything of sockets */
function passedSockets(env: NodeJS.ProcessEnv): Passed | 'to-another-process' | null {
  const { LISTEN_FDS: count, LISTEN_PID: pid, LISTEN_FDNAMES: names } = env;
  if (count === undefined) return null;
  if (pid !== undefined && Number(pid) !== owner()) return 'to-another-process';
  return { count: Number(count), names: names?.split(':') ?? [] };
}

/** The process that has the sockets. */
function owner(): number {
  return cluster.isPrimary ? process.pid : process.ppid;
}

/** @returns null if no socket, or more than one, has the name */
function numberOf(name: string, passed: Passed | null): number | null {
  const names = passed?.names ?? [];
  const index = names.indexOf(name);
  return index === -1 || names.lastIndexOf(name) !== index ? null : FIRST_PASSED + index;
}
