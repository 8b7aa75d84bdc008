import { inScope } from '../../test/lab/open-scope.ts';
import type { Scope } from '../../test/lab/scope.ts';
import { prepareOutput, print, runCommand } from '../command-line.ts';
import { conclude } from './conclude.ts';
import { HELP, parseOptions, type RunOptions } from './options.ts';
import { soak } from './soak.ts';

/** @returns the file with the samples */
async function samplesOf(scope: Scope, options: RunOptions): Promise<string> {
  prepareOutput('folder', options.out);
  print(`seed ${options.seed}, ${options.hours} hours, ${options.database}`);
  return await inScope(scope, (own) => soak(own, options));
}

await runCommand(async (scope) => {
  const options = parseOptions(process.argv.slice(2), Date.now());
  if (options.kind === 'help') {
    print(HELP);
    return 0;
  }
  const { isGood, text } = conclude(options.kind === 'read' ? options.file : await samplesOf(scope, options.options));
  print(text);
  return isGood ? 0 : 1;
});
