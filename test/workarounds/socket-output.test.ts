import { tmpdir } from 'node:os';
import test from 'ava';
import { startProgram } from '../support/run/program.ts';

// A test that fails here after an update says that Node has changed: the workaround must be written anew.

const MODULE = new URL('../../gateway/workarounds/node-socket-output.ts', import.meta.url).href;

test('unblockSocketOutput sets O_NONBLOCK again on a standard output that is a socket', async (t) => {
  const program = `
    import { constants, readFileSync } from 'node:fs';
    import { unblockSocketOutput } from ${JSON.stringify(MODULE)};
    const isUnblocked = () => {
      const [, flags] = /flags:\\s+(\\d+)/.exec(readFileSync('/proc/self/fdinfo/1', 'utf8'));
      return (parseInt(flags, 8) & constants.O_NONBLOCK) !== 0;
    };
    process.stdout._handle.setBlocking(true);
    const before = isUnblocked();
    unblockSocketOutput();
    console.error(before, isUnblocked());`;
  const { stderr } = await startProgram(['--input-type=module', '--eval', program], tmpdir()).ended;
  t.is(stderr, 'false true\n');
});
