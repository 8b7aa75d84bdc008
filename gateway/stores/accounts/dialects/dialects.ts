import type { Database } from '../../database/connection.ts';
import type { Dialect } from './dialect.ts';
import { mysql } from './mysql.ts';
import { postgres } from './postgres.ts';
import { sqlite } from './sqlite.ts';

export const DIALECTS: Readonly<Record<Database['kind'], Dialect>> = {
  sqlite,
  mysql,
  postgres,
};
