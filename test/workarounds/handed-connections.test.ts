import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';

// A test that fails here after an update says that Node has changed: the workaround may go, or must be written anew.

async function outcome(...args: string[]): Promise<string> {
  const program = join(import.meta.dirname, 'handing-primary.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [program, ...args]);
  return stdout.trim();
}

test('Node forgets a connection that it hands to a worker which dies, and watchHandedConnections closes it', async (t) => {
  t.is(await outcome(), 'open');
  t.is(await outcome('watched'), 'closed');
});
