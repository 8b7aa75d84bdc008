import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { gatehouse } from '../../support/processes/command.ts';
import { onTerminal } from '../../support/processes/terminal.ts';
import { findPackaged } from '../../support/services/packaged.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

/** How each shell starts without the operator's own files. */
const STARTS: Readonly<Record<Shell, readonly string[]>> = {
  bash: ['--noprofile', '--norc', '-i'],
  zsh: ['-f', '-i'],
  fish: ['--no-config', '-i'],
};
/** What is typed before the script is read. */
const SETUP: Readonly<Record<Shell, string>> = {
  bash: '',
  zsh: 'autoload -U compinit; compinit -D -u; ',
  fish: '',
};

/** A program of that name which prints its arguments, each in brackets. */
const ECHO = `#!/bin/sh
printf 'called: '
for word in "$@"; do printf '[%s]' "$word"; done
echo ' .'
`;

const folder = await mkdtemp(join(tmpdir(), 'gatehouse-completion-'));
await mkdir(join(folder, 'bin'));
await mkdir(join(folder, 'folder'));
await writeFile(join(folder, 'folio.txt'), '');
await writeFile(join(folder, 'my gateway.yaml'), '');
await writeFile(join(folder, 'bin', 'gatehouse'), ECHO, { mode: 0o755 });
test.after.always(() => rm(folder, { recursive: true }));

/** An interactive shell that has read its script. */
async function interactive(t: ExecutionContext, shell: Shell) {
  const { stdout, code } = await gatehouse(['completion', shell]);
  t.is(code, 0);
  await writeFile(join(folder, `script.${shell}`), stdout);
  const path = `PATH=${join(folder, 'bin')}:${process.env.PATH}`;
  const program = await findPackaged(shell);
  const terminal = onTerminal(t, ['env', path, 'TERM=xterm', `HOME=${folder}`, program, ...STARTS[shell]], folder);
  // The quotes keep the echo of the line from being taken for its output.
  terminal.type(`${SETUP[shell]}source ./script.${shell}; echo lo""aded\r`);
  await terminal.shows('loaded');
  return terminal;
}

for (const shell of SHELLS) {
  test(`${shell} completes commands, options, choices, files and folders, each only where it belongs`, async (t) => {
    const terminal = await interactive(t, shell);
    for (const [typed, called] of [
      ['ver\t', '[version]'],
      ['us\tad\t--pas\t', '[user][add][--password-stdin]'],
      ['recipe ha\t', '[recipe][haproxy]'],
      ['recipe nginx ha\t', '[recipe][nginx][ha]'],
      ['help mig\t', '[help][migrate]'],
      ['completion z\t', '[completion][zsh]'],
      ['check --config my\t', '[check][--config][my gateway.yaml]'],
      ['check --config=my\t', '[check][--config=my gateway.yaml]'],
      ['recipe nginx --out fol\t', '[recipe][nginx][--out][folder]'],
      ['check --config user --acc\t', '[check][--config][user][--accounts]'],
      ['check --config=user --acc\t', '[check][--config=user][--accounts]'],
      ['token rev\t--js\t', '[token][revoke][--json]'],
      ['start user ad\t', '[start][user][ad]'],
      ['key ne\t--jw\t', '[key][new][--jwk]'],
    ]) {
      terminal.type(`gatehouse ${typed}`);
      terminal.type('\r');
      await terminal.shows('called: ');
      await terminal.shows(' .');
      const words = terminal.screen().split('called: ').at(-1)?.split(' .')[0];
      // zsh alone removes the slash of a folder at the end of the line.
      t.is(words?.replace('/]', ']'), called, JSON.stringify(typed));
    }
  });
}

test('an unknown shell is refused with the names of those that there are', async (t) => {
  const { code, stderr } = await gatehouse(['completion', 'csh']);
  t.is(code, 2);
  t.regex(stderr, /'csh' is invalid for argument 'shell'\. Allowed choices are bash, zsh, fish\.\n$/);
});
