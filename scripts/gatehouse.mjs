#!/usr/bin/env node
import { existsSync } from 'node:fs';
import { isSupported, minimumVersion } from './node-version.mjs';
import { endWithNpm } from './parent.mjs';

endWithNpm();
if (existsSync(new URL('../gateway/main.ts', import.meta.url))) {
  const { runGateway } = await import('./gateway.mjs');
  await runGateway(process.argv.slice(2));
} else if (isSupported(process.version)) {
  // The package has no TypeScript, which Node does not run below node_modules.
  await import('../dist/gateway/main.js');
} else {
  process.stderr.write(`Gatehouse needs Node.js ${minimumVersion} or later, and this is ${process.version}.\n`);
  process.exitCode = 1;
}
