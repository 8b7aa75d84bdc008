import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import test from 'ava';
import { wholeProgram } from '../../../gateway/cli/program.ts';
import { manPage } from '../../../gateway/cli/reference/man-page.ts';
import { everyCommand, factsOf } from '../../../gateway/cli/reference/tree.ts';
import { VARIABLES } from '../../../gateway/settings/schema/settings.ts';
import { findPackaged } from '../../support/services/packaged.ts';

const PAGE = fileURLToPath(new URL('../../../docs/gatehouse.1', import.meta.url));
/** Bold text is written as each character, a backspace, and the character again. */
const OVERSTRUCK = /.[\b]/gu;
const run = promisify(execFile);

test('docs/gatehouse.1 is what the commands say of themselves', async (t) => {
  t.is(readFileSync(PAGE, 'utf8'), manPage(factsOf(await wholeProgram()), VARIABLES), 'run: npm run man');
});

test('the manual page is clean mdoc, and shows each command and option', async (t) => {
  const mandoc = await findPackaged('mandoc');
  const lint = await run(mandoc, ['-T', 'lint', PAGE]).catch((failed: { stdout: string }) => failed);
  t.is(lint.stdout, '');
  const { stdout } = await run(mandoc, ['-T', 'ascii', '-O', 'width=200', PAGE]);
  const text = stdout.replaceAll(OVERSTRUCK, '');
  const commands = everyCommand(factsOf(await wholeProgram()));
  t.true(commands.length > 20);
  for (const { path, options, commands: below } of commands) {
    const [, ...words] = path;
    if (below.length > 0 || words.at(-1) === 'help') continue;
    t.regex(text, new RegExp(`^ {5}${words.join(' ')}( |$)`, 'm'));
    for (const { flags } of options)
      t.true(text.includes(flags.at(-1) ?? '') || flags.includes('--help'), flags.join());
  }
});
