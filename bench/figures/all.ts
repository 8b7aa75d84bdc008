import type { Figure } from '../harness/figure.ts';
import { databases } from './databases.ts';
import { decisions } from './decisions.ts';
import { gigabyte } from './gigabyte.ts';
import { idleMemory } from './idle-memory.ts';
import { idleRate } from './idle-rate.ts';
import { latency } from './latency.ts';
import { latencyAtHalfRate } from './latency-half-rate.ts';
import { megabytes } from './megabytes.ts';
import { messages } from './messages.ts';
import { ownAnswers } from './own-answers.ts';
import { passwords } from './passwords.ts';
import { routes } from './routes.ts';
import { start } from './start.ts';
import { tokens } from './tokens.ts';
import { tracing } from './tracing.ts';
import { workers } from './workers.ts';

/** In the order of the report. */
export const figures: readonly Figure[] = [
  ...messages,
  decisions,
  ownAnswers,
  latency,
  latencyAtHalfRate,
  passwords,
  tokens,
  tracing,
  databases,
  routes,
  megabytes,
  gigabyte,
  idleMemory,
  idleRate,
  workers,
  start,
];
