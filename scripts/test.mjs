import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureInstalled } from './install.mjs';
import { exitOnInstallError } from './install-error.mjs';
import { runNode } from './run-node.mjs';

const RUNNER = join(dirname(dirname(fileURLToPath(import.meta.url))), 'test', 'support', 'run', 'main.ts');

const node = await ensureInstalled('everything').catch(exitOnInstallError);
runNode(node, [RUNNER, ...process.argv.slice(2)]);
