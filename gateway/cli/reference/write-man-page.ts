import { writeFileSync } from 'node:fs';
import { VARIABLES } from '../../settings/schema/settings.ts';
import { wholeProgram } from '../program.ts';
import { manPage } from './man-page.ts';
import { factsOf } from './tree.ts';

/** Writes docs/gatehouse.1, the manual page, from the commands as `--help` describes them. */
writeFileSync(new URL('../../../docs/gatehouse.1', import.meta.url), manPage(factsOf(await wholeProgram()), VARIABLES));
