#!/usr/bin/env node
import { runGateway } from './gateway.mjs';

await runGateway(process.argv.slice(2));
