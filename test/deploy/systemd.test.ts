import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import test from 'ava';
import { findPackaged } from '../support/services/packaged.ts';

const run = promisify(execFile);
const UNITS = fileURLToPath(new URL('../../deploy/systemd/', import.meta.url));
/** What the units name and a system has. */
const TARGETS = ['sysinit', 'basic', 'shutdown', 'sockets', 'multi-user', 'network-online', 'nss-lookup'];
const PROGRAMS = ['usr/bin/gatehouse', 'bin/kill'];

const analyze = await findPackaged('systemd-analyze');
const root = await mkdtemp(join(tmpdir(), 'gatehouse-systemd-'));
test.after.always(() => rm(root, { recursive: true }));

async function write(file: string, content: string, mode = 0o644): Promise<void> {
  await mkdir(dirname(join(root, file)), { recursive: true });
  await writeFile(join(root, file), content, { mode });
}

test('systemd has nothing to say against the units', async (t) => {
  await cp(UNITS, join(root, 'etc/systemd/system'), { recursive: true });
  for (const program of PROGRAMS) await write(program, '#!/bin/sh\n', 0o755);
  for (const target of TARGETS)
    await write(`usr/lib/systemd/system/${target}.target`, '[Unit]\nDescription=A target\n');
  // The manual page is installed with the package.
  const args = ['verify', '--man=no', `--root=${root}`, 'gatehouse.service', 'gatehouse.socket'];
  const { stdout, stderr } = await run(analyze, args);
  t.deepEqual({ stdout, stderr }, { stdout: '', stderr: '' });
});

test('the exposure of the service is at most 2.0', async (t) => {
  const file = join(UNITS, 'gatehouse.service');
  const { stdout } = await run(analyze, ['security', '--offline=true', '--no-pager', file]);
  const exposure = Number(/Overall exposure level for gatehouse\.service: ([\d.]+)/.exec(stdout)?.[1]);
  t.true(exposure <= 2, stdout);
});
