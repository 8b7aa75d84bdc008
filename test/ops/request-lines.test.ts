import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import { type Program, startProgram } from '../support/run/program.ts';

const LOG = new URL('../../gateway/ops/log.ts', import.meta.url).href;

/** What makes the log, as JavaScript. */
const LOGS = {
  'the log of one process': `createLog({ level: 'info', format: 'json' })`,
  'a log that processes share': `createSharedLog({ level: 'info', format: 'json' })`,
  'the log of a worker': `createSharedLog({ level: 'info', format: 'json' }, { worker: 3 })`,
  'a log whose format follows from the pipe': `createLog({ level: 'debug', format: 'auto' })`,
};

/** Each is a line of a request but for one thing, as JavaScript. */
const LINES = [
  `{ id: 'f00', method: 'GET', path: '/a', status: 200, ms: 3 }`,
  `{ id: 'f00', account: null, upstream: undefined, route: 'orders' }`,
  `{ first: undefined, path: '/a', last: undefined }`,
  `{ path: '/"quoted"', route: '\\\\', cause: 'C:\\\\n' }`,
  `{ path: Array.from({ length: 0x100 }, (_, code) => String.fromCharCode(code)).join('') }`,
  ...[0x00, 0x1f, 0x22, 0x5c, 0x7f, 0x80, 0x2028, 0x2029, 0xfeff, 0xfffe].map(
    (code) =>
      `{ path: ${JSON.stringify(String.fromCharCode(code))}, cause: '${'x'.repeat(100)}\\u{${code.toString(16)}}' }`,
  ),
  `{ path: '\\ud83d\\ude00 caf\\u00e9', cause: 'half \\ud83d of a pair', detail: '\\ude00' }`,
  `{ path: '', ms: 0, status: -0, bytes: 1e21, share: 0.1, none: NaN, all: Infinity }`,
  `{ '"': 'a', 'a\\nb': 'c', '\\u2028': 'd', 'e-f': 'g', 1: 'h' }`,
  `{ path: '/' + 'x'.repeat(5_000), cause: '\\u00e9'.repeat(5_000) }`,
];

for (const [which, made] of Object.entries(LOGS)) {
  test(`${which} has each line byte for byte as pino writes it`, async (t) => {
    const { code, stdout, stderr } = await program(
      t,
      `
      Date.now = () => 1_769_860_800_007;
      const log = ${made};
      for (const line of [${LINES.join(',\n')}]) {
        logRequestLine(log, line);
        log.info(line, 'request');
      }`,
    ).ended;
    t.deepEqual([code, stderr], [0, '']);
    const written = stdout.split('\n');
    t.is(written.pop(), '');
    t.is(written.length, 2 * LINES.length);
    for (const [place, line] of LINES.entries()) {
      t.is(written[2 * place], written[2 * place + 1], line);
      const fields = JSON.parse(written[2 * place] ?? '') as Record<string, unknown>;
      t.like(fields, { level: 'info', time: '2026-01-31T12:00:00.007Z', msg: 'request' });
      t.is(fields.worker, made.includes('worker') ? 3 : undefined);
    }
  });
}

test('a level above silences it, and one that is set later holds', async (t) => {
  const { stdout } = await program(
    t,
    `
    for (const level of ['warn', 'error', 'fatal', 'silent']) {
      logRequestLine(createLog({ level, format: 'json' }), { path: level });
    }
    const log = createLog({ level: 'warn', format: 'json' });
    logRequestLine(log, { path: 'before' });
    log.level = 'info';
    logRequestLine(log, { path: 'between' });
    log.level = 'warn';
    logRequestLine(log, { path: 'after' });`,
  ).ended;
  t.deepEqual(pathsOf(stdout), ['between']);
});

for (const [which, made] of Object.entries(LOGS)) {
  test(`${which} is out whole and in order when the process exits, more than a pipe holds as well`, async (t) => {
    const { code, stdout } = await piped(
      t,
      `
      const log = ${made};
      for (let i = 0; i < 5_000; i++) {
        if (i % 1_000 === 999) log.warn({ path: String(i) }, 'fault');
        else logRequestLine(log, { path: String(i), detail: '${'é'.repeat(50)}' });
      }
      process.exit(7);`,
    );
    t.is(code, 7);
    t.deepEqual(
      pathsOf(stdout),
      Array.from({ length: 5_000 }, (_, i) => String(i)),
    );
  });
}

test('a line that nobody follows is out soon, while the process lives', async (t) => {
  const running = program(
    t,
    `
    logRequestLine(createLog({ level: 'info', format: 'json' }), { path: '/alone' });
    setInterval(() => {}, 1_000);`,
  );
  await running.printed('"path":"/alone"');
  t.pass();
});

test('for people it is one short line', async (t) => {
  const { stdout } = await program(
    t,
    `
    const log = createLog({ level: 'info', format: 'pretty' });
    logRequestLine(log, { status: 200, method: 'GET', path: '/a', ms: 3, account: '7', upstream: undefined });`,
  ).ended;
  t.regex(stdout, /^\S+ INFO: 200 GET \/a 3ms account=7\n$/);
});

/** A process of its own, since these logs write to standard output. */
function program(t: ExecutionContext, code: string): Program {
  const started = startProgram(
    [
      '--input-type=module',
      '--eval',
      `import { createLog, createSharedLog, logRequestLine } from ${JSON.stringify(LOG)};\n${code}`,
    ],
    tmpdir(),
  );
  t.teardown(() => started.kill('SIGKILL'));
  return started;
}

/**
 * The same into a pipe whose reader does nothing but read: on a busy machine, this process may not come to its turn for longer
 * than a log waits for its reader at the end.
 */
async function piped(t: ExecutionContext, code: string): Promise<{ code: number; stdout: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-lines-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const module = `import { createLog, createSharedLog, logRequestLine } from ${JSON.stringify(LOG)};\n${code}`;
  const shell = '{ "$0" --input-type=module --eval "$1"; echo $? > code; } | cat > lines';
  await promisify(execFile)('sh', ['-c', shell, process.execPath, module], { cwd: folder });
  return {
    code: Number(readFileSync(join(folder, 'code'), 'utf8')),
    stdout: readFileSync(join(folder, 'lines'), 'utf8'),
  };
}

function pathsOf(output: string): string[] {
  const lines = output.split('\n').slice(0, -1);
  return lines.map((line) => (JSON.parse(line) as { path: string }).path);
}
