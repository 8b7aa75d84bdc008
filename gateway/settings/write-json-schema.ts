import { writeFileSync } from 'node:fs';
import { configurationJsonSchema } from './json-schema.ts';

/** Writes `config/gateway.schema.json`, which editors use to complete and check configuration files. */
const target = new URL('../../config/gateway.schema.json', import.meta.url);
writeFileSync(target, `${JSON.stringify(configurationJsonSchema(), null, 2)}\n`);
