import { execFile, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { failureOf } from '../../lab/processes/failure.ts';
import { probe } from './probe.ts';
import { type Attempt, available, type ServiceName, unavailable } from './service.ts';

const run = promisify(execFile);

const COMPOSE_FILE = fileURLToPath(new URL('./compose.yaml', import.meta.url));
const ENGINE_MS = 10_000;
const START_MS = 300_000;
const STOP_MS = 60_000;

/** The service in the Compose file, the port that it listens on, and the URL of a published port. */
const SERVICES: Record<ServiceName, { name: string; port: string; urlAt: (port: number) => string }> = {
  MySQL: { name: 'mysql', port: '3306', urlAt: (port) => `mysql://root@127.0.0.1:${port}` },
  PostgreSQL: { name: 'postgres', port: '5432', urlAt: (port) => `postgres://postgres@127.0.0.1:${port}` },
  Redis: { name: 'redis', port: '6379', urlAt: (port) => `redis://127.0.0.1:${port}` },
};

/** A container for this run, if a Docker engine answers; `stop` removes it. */
export async function dockerService(name: ServiceName): Promise<Attempt> {
  const absent = await run('docker', ['version', '--format', '{{.Server.Version}}'], { timeout: ENGINE_MS })
    .then(() => run('docker', ['compose', 'version'], { timeout: ENGINE_MS }))
    .then(() => null, failureOf);
  if (absent !== null) return unavailable(`no Docker engine with Compose answers (${absent})`);

  const service = SERVICES[name];
  const project = [
    'compose',
    '--project-name',
    `gatehouse-test-${service.name}-${process.pid}`,
    '--file',
    COMPOSE_FILE,
  ];
  const stop = () => {
    process.off('exit', stop);
    spawnSync('docker', [...project, 'down', '--volumes', '--timeout', '0'], { stdio: 'ignore', timeout: STOP_MS });
  };
  process.on('exit', stop);
  process.stderr.write(`Starting ${name} with docker compose…\n`);
  try {
    await run('docker', [...project, 'up', '--detach', '--wait', service.name], { timeout: START_MS });
    const published = await run('docker', [...project, 'port', service.name, service.port], {
      timeout: ENGINE_MS,
    });
    const port = Number(published.stdout.trim().split(':').at(-1));
    const url = service.urlAt(port);
    const answer = await probe(name, url, ENGINE_MS);
    if (answer.kind === 'answers') {
      return available({ url, origin: `docker compose, on port ${port} (${answer.version})`, stop });
    }
    stop();
    return unavailable(`the container of docker compose does not answer: ${answer.why}`);
  } catch (error) {
    stop();
    return unavailable(`docker compose up failed: ${failureOf(error as Error)}`);
  }
}
