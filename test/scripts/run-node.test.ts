import { tmpdir } from 'node:os';
import test from 'ava';
import { startProgram } from '../support/run/program.ts';

const RUN_NODE = new URL('../../scripts/run-node.mjs', import.meta.url).href;

/** A program that runs `script` in another node, as the commands do where their own node is too old. */
function outer(script: string) {
  const code = `
    import { runNode } from ${JSON.stringify(RUN_NODE)};
    runNode(process.execPath, ['--eval', ${JSON.stringify(script)}]);`;
  return startProgram(['--input-type=module', '--eval', code], tmpdir());
}

test('the exit code is passed on', async (t) => {
  t.is((await outer('process.exit(7)').ended).code, 7);
});

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  test(`${signal} reaches the program, which decides how to end`, async (t) => {
    const program = outer(`
      process.on('${signal}', () => { console.log('told'); process.exit(3); });
      setInterval(() => {}, 1000);
      console.log('ready');`);
    t.teardown(() => program.kill('SIGKILL'));
    await program.printed('ready');
    program.kill(signal);
    const { code, stdout } = await program.ended;
    t.is(code, 3);
    t.is(stdout, 'ready\ntold\n');
  });
}

test('SIGUSR1 does not open the inspector of the outer program', async (t) => {
  const program = outer(`
    process.on('SIGTERM', () => process.exit(3));
    setInterval(() => {}, 1000);
    console.log('ready');`);
  t.teardown(() => program.kill('SIGKILL'));
  await program.printed('ready');
  program.kill('SIGUSR1');
  program.kill('SIGTERM');
  const { code, stderr } = await program.ended;
  t.is(code, 3);
  t.is(stderr, '');
});

test('a program that a signal ended ends the outer one by the same signal', async (t) => {
  t.is((await outer(`process.kill(process.pid, 'SIGTERM'); setInterval(() => {}, 1000);`).ended).signal, 'SIGTERM');
});
