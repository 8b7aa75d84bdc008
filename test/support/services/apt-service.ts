import { aptInstall } from '../../lab/packages/apt.ts';
import { type Attempt, type ServiceName, unavailable } from './service.ts';

const PACKAGES = { MySQL: 'mariadb-server', PostgreSQL: 'postgresql', Redis: 'redis-server' } as const;

/** Installs the server with apt-get (root on Debian or a derivative), and then starts it with `start`. */
export async function aptService(name: ServiceName, start: () => Promise<Attempt>): Promise<Attempt> {
  const failure = await aptInstall(name, PACKAGES[name]);
  if (failure !== null) return unavailable(failure);
  const attempt = await start();
  return attempt.kind === 'available' ? attempt : unavailable(`after apt-get install, ${attempt.reason}`);
}
