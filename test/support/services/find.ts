import { OperatorError } from '../../../gateway/domain/errors.ts';
import { aptService } from './apt-service.ts';
import { dockerService } from './docker.ts';
import { privateMysql } from './private-mysql.ts';
import { privatePostgres } from './private-postgres.ts';
import { privateRedis } from './private-redis.ts';
import { probe } from './probe.ts';
import { type Attempt, available, type Service, type ServiceName, unavailable } from './service.ts';

const PROBE_MS = 5000;

const USUAL = {
  MySQL: 'mysql://root@127.0.0.1:3306',
  PostgreSQL: 'postgres://postgres@127.0.0.1:5432',
  Redis: 'redis://127.0.0.1:6379',
} as const;
export const VARIABLE = {
  MySQL: 'TEST_MYSQL_URL',
  PostgreSQL: 'TEST_POSTGRES_URL',
  Redis: 'TEST_REDIS_URL',
} as const;

const REMEDIES = {
  MySQL:
    'On Debian: `sudo apt-get install mariadb-server`; on macOS: `brew install mariadb`; ' +
    'with Docker: start its engine; or set TEST_MYSQL_URL=mysql://user:password@host:3306.',
  PostgreSQL:
    'On Debian: `sudo apt-get install postgresql`; on macOS: `brew install postgresql@17`; ' +
    'with Docker: start its engine; or set TEST_POSTGRES_URL=postgres://user:password@host:5432.',
  Redis:
    'On Debian: `sudo apt-get install redis-server`; on macOS: `brew install redis`; ' +
    'with Docker: start its engine; or set TEST_REDIS_URL=redis://host:6379.',
} as const;

const PRIVATE = { MySQL: privateMysql, PostgreSQL: privatePostgres, Redis: privateRedis } as const;

/** The ways to get a server if the environment names none, cheapest first. */
const WAYS: readonly ((name: ServiceName) => Promise<Attempt>)[] = [
  usualServer,
  (name) => PRIVATE[name](),
  dockerService,
  (name) => aptService(name, PRIVATE[name]),
];

/**
 * A server for the tests: the one in the environment, or else from the first way that works.
 *
 * @throws {OperatorError} When the named server does not answer (no other is tried then), or no way works.
 */
export async function findService(name: ServiceName): Promise<Service> {
  const named = process.env[VARIABLE[name]] ?? '';
  if (named !== '') return namedServer(name, named);
  const reasons: string[] = [];
  for (const way of WAYS) {
    const attempt = await way(name);
    if (attempt.kind === 'available') return attempt.service;
    reasons.push(attempt.reason);
  }
  throw new OperatorError(`The tests need ${name}, and there is none: ${reasons.join('; ')}. ${REMEDIES[name]}`);
}

async function namedServer(name: ServiceName, url: string): Promise<Service> {
  const answer = await probe(name, url, PROBE_MS);
  if (answer.kind === 'answers') {
    return { url, origin: `${VARIABLE[name]}, ${withoutPassword(url)} (${answer.version})`, stop: () => undefined };
  }
  throw new OperatorError(
    `${VARIABLE[name]} is set to ${withoutPassword(url)}, which does not answer: ${answer.why}. ` +
      'Start that server, correct the variable, or unset it to let the tests find a server themselves.',
  );
}

async function usualServer(name: ServiceName): Promise<Attempt> {
  const url = USUAL[name];
  const answer = await probe(name, url, PROBE_MS);
  const place = url.slice(url.indexOf('127.'));
  if (answer.kind === 'silent') return unavailable(`no usable server on ${place} (${answer.why})`);
  return available({ url, origin: `the server on ${place} (${answer.version})`, stop: () => undefined });
}

function withoutPassword(url: string): string {
  if (!URL.canParse(url)) return 'something that is no URL';
  const shown = new URL(url);
  if (shown.password !== '') shown.password = '***';
  return shown.href;
}
