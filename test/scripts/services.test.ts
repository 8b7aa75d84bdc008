import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { findExecutable } from '../lab/packages/executables.ts';
import { findPostgres } from '../lab/packages/postgres.ts';
import { holds } from '../lab/waiting/condition.ts';
import { type Ended, startProgram } from '../support/run/program.ts';
import { probe } from '../support/services/probe.ts';

const SERVICES = new URL('../support/services/', import.meta.url);
/** Without the program there is nothing to start; the tests then run against servers from elsewhere. */
const withRedis = findExecutable('redis-server') === null ? test.skip : test;
const withPostgres = findPostgres() === null ? test.skip : test;

function temporaryFolder(t: ExecutionContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-services-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A program that starts a private server below `folder`, prints its URL and then does `next`. */
function privateServerProgram(start: 'privateRedis' | 'privatePostgres', folder: string, next: string) {
  const file = start === 'privateRedis' ? 'private-redis.ts' : 'private-postgres.ts';
  const code = `
    import { ${start} } from ${JSON.stringify(new URL(file, SERVICES).href)};
    process.on('SIGTERM', () => process.exit(1));
    const attempt = await ${start}();
    console.log(attempt.service.url + ' is up');
    setInterval(() => {}, 1000);
    ${next}`;
  return startProgram(['--input-type=module', '--eval', code], folder, { TMPDIR: folder });
}

/** Processes in whose command line the text stands; where there is no /proc, none. */
function processesNaming(text: string): string[] {
  if (!existsSync('/proc/self/cmdline')) return [];
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(text);
    } catch {
      return false;
    }
  });
}

async function assertNothingLeft(t: ExecutionContext, folder: string, { stdout }: Ended): Promise<void> {
  const [, url] = /^((?:redis|postgres):\S+) is up/.exec(stdout) ?? [];
  if (url === undefined) return t.fail(`no server was started: ${stdout}`);
  // The kernel ends what was killed a moment later. Its port may be another test's by then; its folder is its own.
  await holds('the server is gone', () => processesNaming(folder).length === 0);
  await holds('its folder is removed', () => readdirSync(folder).length === 0);
  t.pass();
}

withRedis('a private server is gone, with its folder, when a signal ended the program', async (t) => {
  const folder = temporaryFolder(t);
  const program = privateServerProgram('privateRedis', folder, '');
  t.teardown(() => program.kill('SIGKILL'));
  await program.printed('is up');
  program.kill('SIGTERM');
  await assertNothingLeft(t, folder, await program.ended);
});

withRedis('a private server is gone, with its folder, when the program crashed', async (t) => {
  const folder = temporaryFolder(t);
  const program = privateServerProgram('privateRedis', folder, `throw new Error('crash');`);
  await assertNothingLeft(t, folder, await program.ended);
});

withPostgres(
  'a private PostgreSQL runs as another user than root, and is gone with its folder when the program ends',
  async (t) => {
    const folder = temporaryFolder(t);
    // mkdtemp makes a folder for its owner alone, and the server must reach its own in it.
    chmodSync(folder, 0o755);
    const program = privateServerProgram('privatePostgres', folder, '');
    t.teardown(() => program.kill('SIGKILL'));
    await program.printed('is up');
    program.kill('SIGTERM');
    await assertNothingLeft(t, folder, await program.ended);
  },
);

test('a server that accepts and then says nothing is silent within the deadline', async (t) => {
  const mute = createServer().listen(0, '127.0.0.1');
  await once(mute, 'listening');
  t.teardown(() => mute.close());
  const { port } = mute.address() as AddressInfo;
  const answers = await Promise.all([
    probe('MySQL', `mysql://root@127.0.0.1:${port}`, 300),
    probe('PostgreSQL', `postgres://postgres@127.0.0.1:${port}`, 300),
    probe('Redis', `redis://127.0.0.1:${port}`, 300),
  ]);
  t.deepEqual(
    answers.map(({ kind }) => kind),
    ['silent', 'silent', 'silent'],
  );
});

test('a server that refuses the login is silent, and the reason is told', async (t) => {
  const url = new URL(process.env.TEST_MYSQL_URL ?? 'mysql://root@127.0.0.1:3306');
  url.username = 'nobody-of-this-name';
  const answer = await probe('MySQL', url.href, 5000);
  t.regex(answer.kind === 'silent' ? answer.why : '', /denied/i);
});

test('a container that does not answer is taken down, and the reason is told', async (t) => {
  const folder = temporaryFolder(t);
  const log = join(folder, 'log');
  const docker = `#!/bin/sh\necho "$*" >> '${log}'\ncase "$*" in *" port "*) echo 127.0.0.1:1;; esac\n`;
  writeFileSync(join(folder, 'docker'), docker, { mode: 0o755 });
  const code = `
    import { dockerService } from ${JSON.stringify(new URL('docker.ts', SERVICES).href)};
    console.log(JSON.stringify(await dockerService('Redis')));`;
  const path = `${folder}${delimiter}${process.env.PATH}`;
  const { stdout } = await startProgram(['--input-type=module', '--eval', code], folder, { PATH: path }).ended;
  t.like(JSON.parse(stdout), { kind: 'unavailable' });
  t.regex(stdout, /ECONNREFUSED/);
  const commands = readFileSync(log, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => line.replace(/--project-name \S+ --file \S+ /, ''));
  t.deepEqual(commands, [
    'version --format {{.Server.Version}}',
    'compose version',
    'compose up --detach --wait redis',
    'compose port redis 6379',
    'compose down --volumes --timeout 0',
  ]);
});
