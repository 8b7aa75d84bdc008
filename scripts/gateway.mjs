import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { ensureInstalled } from './install.mjs';
import { exitOnInstallError } from './install-error.mjs';
import { isSupported } from './node-version.mjs';
import { runNode } from './run-node.mjs';

const MAIN = join(dirname(dirname(fileURLToPath(import.meta.url))), 'gateway', 'main.ts');

const FLAGS = join(dirname(MAIN), 'cli', 'node-flags.ts');

/**
 * Runs the command line, after installing what is missing. In this very process where its Node.js is recent enough, so
 * that no second process stands between a signal and the gateway.
 *
 * @param {string[]} args What follows `gatehouse`.
 */
export async function runGateway(args) {
  const node = await ensureInstalled('runtime').catch(exitOnInstallError);
  if (!isSupported(process.version)) {
    // By which it notices that this process was killed (gateway/cli/parent.ts).
    return runNode(node, [MAIN, ...args], { GATEHOUSE_PARENT: String(process.pid) });
  }
  if (args[0] === 'start') {
    const { takeNodeFlags } = await import(pathToFileURL(FLAGS).href);
    takeNodeFlags();
  }
  process.argv = [process.execPath, MAIN, ...args];
  await import(pathToFileURL(MAIN).href);
}
