import { writeFileSync } from 'node:fs';
import { configurationJsonSchema } from './json-schema.ts';
import { configurationReference } from './reference.ts';

/** Writes what is made from the schema: `config/gateway.schema.json` for editors, `docs/configuration.md` for people. */
function write(path: string, text: string): void {
  writeFileSync(new URL(`../../../${path}`, import.meta.url), text);
}

write('config/gateway.schema.json', `${JSON.stringify(configurationJsonSchema(), null, 2)}\n`);
write('docs/configuration.md', configurationReference());
