import { writeFileSync } from 'node:fs';
import { configurationJsonSchema } from './json-schema.ts';
import { configurationReference } from './reference.ts';

/** Writes the files generated from the schema: `config/gateway.schema.json` for editors, `docs/configuration.md` for readers. */
function write(path: string, text: string): void {
  writeFileSync(new URL(`../../../${path}`, import.meta.url), text);
}

write('config/gateway.schema.json', `${JSON.stringify(configurationJsonSchema(), null, 2)}\n`);
write('docs/configuration.md', configurationReference());
