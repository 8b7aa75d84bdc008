import { z } from 'zod';
import { matching, oneOf, options } from './formats.ts';
import { COLUMN, COLUMN_FORM } from './table-name.ts';

const FORMS = ['uuid', 'uuid-swapped', 'guid', 'text'] as const;

/** How the ids of accounts are stored. */
export type IdForm = (typeof FORMS)[number];

/** A column of ids: its name, or a map that says how its values are read. */
export function idColumnOption() {
  const column = options({
    name: matching(COLUMN, COLUMN_FORM).prefault('id').describe('The name of the column.'),
    as: oneOf(...FORMS)
      .exactOptional()
      .describe(
        'How its values are read: uuid (16 bytes, or hexadecimal digits with or without hyphens), uuid-swapped (bytes of uuid_to_bin(…, 1) of MySQL), guid (bytes of .NET), text.',
      ),
  });
  return z
    .preprocess((value) => (typeof value === 'string' ? { name: value } : value), column)
    .meta({ shorthand: true });
}
