import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { networkInterfaces } from 'node:os';
import { promisify } from 'node:util';
import { findExecutable } from '../../../test/lab/packages/executables.ts';
import type { Place } from '../../../test/lab/processes/place.ts';
import type { Scope } from '../../../test/lab/scope.ts';
import { MACHINES, type Machine, type Network } from './network.ts';

const run = promisify(execFile);

/** No machine has it: the bridge delivers what is sent there to nobody. */
const NOBODY = '02:00:00:00:de:ad';
const BRIDGE_PLACE = 254;

/** The names of one run, short enough for Linux (15 characters), and its addresses, which nothing else here has. */
interface Names {
  readonly bridge: string;
  readonly namespaces: ReadonlyMap<Machine, string>;
  readonly addresses: ReadonlyMap<Machine, string>;
  readonly bridgeAddress: string;
}

/**
 * Gives each machine a network namespace, joined by a bridge whose other side is the network of this process. All of it is
 * removed, with the processes inside, when the scope closes or this process ends.
 *
 * @returns null: this is not Linux with ip(8) and nsenter(1), or the user may not
 */
export async function namespaces(t: Scope): Promise<Network | null> {
  const [ip, nsenter] = [findExecutable('ip'), findExecutable('nsenter')];
  if (ip === null || nsenter === null || process.getuid?.() !== 0) return null;
  const names = namesOf(process.pid);
  const undo = removal(names, ip);
  t.teardown(undo);
  const call = async (...args: string[]) => void (await run(ip, args));
  try {
    await build(names, call);
  } catch {
    await undo();
    return null;
  }
  return networkOf(names, call, nsenter);
}

function namesOf(pid: number): Names {
  const taken = Object.values(networkInterfaces()).flatMap(
    (addresses) => addresses?.map(({ address }) => address) ?? [],
  );
  let third = pid % 200;
  while (taken.some((address) => address.startsWith(`10.213.${third}.`))) third += 1;
  const at = (place: number) => `10.213.${third}.${place}`;
  return {
    bridge: `gh${pid}`,
    namespaces: new Map(MACHINES.map((machine) => [machine, `gatehouse-${pid}-${machine}`])),
    addresses: new Map(MACHINES.map((machine, index) => [machine, at(index + 1)])),
    bridgeAddress: at(BRIDGE_PLACE),
  };
}

async function build(
  { bridge, namespaces, addresses, bridgeAddress }: Names,
  ip: (...args: string[]) => Promise<void>,
): Promise<void> {
  await ip('link', 'add', bridge, 'type', 'bridge');
  await ip('addr', 'add', `${bridgeAddress}/24`, 'dev', bridge);
  await ip('link', 'set', bridge, 'up');
  for (const [index, machine] of MACHINES.entries()) {
    const namespace = namespaces.get(machine) ?? '';
    const outside = outsideOf(bridge, index);
    await ip('netns', 'add', namespace);
    await ip('link', 'add', outside, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace);
    await ip('link', 'set', outside, 'master', bridge, 'up');
    await ip('-n', namespace, 'addr', 'add', `${addresses.get(machine)}/24`, 'dev', 'eth0');
    await ip('-n', namespace, 'link', 'set', 'lo', 'up');
    await ip('-n', namespace, 'link', 'set', 'eth0', 'up');
  }
}

/** A process that removes everything when its standard input closes, also because this process was killed. */
function removal({ bridge, namespaces }: Names, ip: string): () => Promise<void> {
  const steps = [...namespaces.values()].flatMap((namespace, index) => [
    `${ip} netns pids ${namespace} | xargs -r kill -9`,
    // By itself it would stay until the kernel has given up the last connections of these processes.
    `${ip} link del ${outsideOf(bridge, index)}`,
    `${ip} netns del ${namespace}`,
  ]);
  const remove = [`trap "" HUP INT TERM`, 'cat', ...steps, `${ip} link del ${bridge}`].join('; ');
  const remover = spawn('sh', ['-c', remove], { stdio: ['pipe', 'ignore', 'ignore'] });
  const removed = once(remover, 'exit');
  return async () => {
    remover.stdin.end();
    await removed;
  };
}

/** The end of a machine's cable that is at the bridge. */
function outsideOf(bridge: string, index: number): string {
  return `${bridge}-${index}`;
}

function networkOf(
  { namespaces, addresses, bridgeAddress }: Names,
  ip: (...args: string[]) => Promise<void>,
  nsenter: string,
): Network {
  const inside = (machine: Machine, ...args: string[]) => ip('-n', namespaces.get(machine) ?? '', ...args);
  const addressOf = (machine: Machine) => addresses.get(machine) ?? '';
  /** What `from` sends to `to` gets lost on the way. */
  const lose = async (from: Machine, to: Machine) => {
    await inside(from, 'neigh', 'replace', addressOf(to), 'lladdr', NOBODY, 'nud', 'permanent', 'dev', 'eth0');
    return () => inside(from, 'neigh', 'del', addressOf(to), 'dev', 'eth0');
  };
  return {
    description: 'a network namespace for each gateway and store',
    clients: bridgeAddress,
    placeOf: (machine) => placeIn(namespaces.get(machine) ?? '', addressOf(machine), nsenter),
    storeFrom: async (_node, store, port) => ({ host: addressOf(store), port }),
    gatewayFromClients: async (node, port) => ({ host: addressOf(node), port }),
    async cut(node, store, how) {
      const healed = [await lose(store, node), ...(how === 'silent' ? [await lose(node, store)] : [])];
      return async () => {
        for (const heal of healed) await heal();
      };
    },
    async unplug(machine) {
      await inside(machine, 'link', 'set', 'eth0', 'down');
      return () => inside(machine, 'link', 'set', 'eth0', 'up');
    },
  };
}

/** nsenter(1) executes the program in its own process. It must change the user itself: only root may enter a namespace. */
function placeIn(namespace: string, address: string, nsenter: string): Place {
  return {
    address,
    command(program, args, { uid, gid } = {}) {
      const user = uid === undefined || gid === undefined ? [] : ['--setuid', String(uid), '--setgid', String(gid)];
      return [nsenter, [`--net=/run/netns/${namespace}`, ...user, '--', program, ...args]];
    },
  };
}
