import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { certificateWarnings } from '../../../gateway/cli/certificate-watch.ts';
import { createGeneration, type GenerationDeps } from '../../../gateway/compose/generation.ts';
import { createAssets } from '../../../gateway/control/pages/assets.ts';
import { visibleText } from '../../../gateway/domain/visible-text.ts';
import { sharedUpstreams } from '../../../gateway/forward/upstream/shared-groups.ts';
import { hashRules } from '../../../gateway/identify/passwords/hashes/hash-rules.ts';
import { checkOps, checkSettings } from '../../../gateway/settings/read/check.ts';
import { formatProblem, type Problem } from '../../../gateway/settings/read/problem.ts';
import type { Settings } from '../../../gateway/settings/schema/settings.ts';
import type { Campaign } from '../campaign.ts';
import { type Finding, firstOf } from '../finding.ts';
import { configurationTexts } from './configuration-texts.ts';

/** No problem may show it. */
const SECRET = 'hunter2-hunter2-hunter2-hunter2-hunter2';
const ENVIRONMENT = {
  TOKEN_SECRET: SECRET,
  DATABASE_URL: 'mysql://gatehouse:hunter2@db.internal/gatehouse',
  NUMBER: '7',
  LINES: `a\nb`,
  SELF: `\${SELF}`,
};
const FILE = fileURLToPath(new URL('../../../config/fuzzed.yaml', import.meta.url));
/** Milliseconds: a thousand times what a configuration of this size takes. */
const PATIENCE = 5_000;
/** Characters: the longest problems list all options of a map. */
const LONGEST_LINE = 4_000;

const log = pino({ level: 'silent' });
const meter = { attempted() {}, ejected() {}, changed() {}, closed() {} };

/**
 * Configurations: each is accepted, and then the routes can be composed of it; or each of its problems is a line with a place in
 * the file. Neither shows a secret.
 */
export const configurations: Campaign = {
  name: 'configurations',
  open: () => ({
    generate: configurationTexts,
    async compare(bytes) {
      const text = bytes.toString();
      const begun = performance.now();
      const found = await judge(text);
      const taken = performance.now() - begun;
      return taken > PATIENCE ? { kind: 'slow', difference: `takes ${Math.round(taken)} ms` } : found;
    },
  }),
};

async function judge(text: string): Promise<Finding> {
  try {
    const checked = checkSettings(text, FILE, ENVIRONMENT);
    const withoutSecrets = checkSettings(text, FILE, ENVIRONMENT, ['tokens.secrets', 'assertion.keys']);
    const ops = checkOps(text, FILE, ENVIRONMENT);
    for (const { kind, problems } of [withoutSecrets, ops].map(asRefused)) {
      const difference = kind === 'valid' ? null : differenceIn(problems, text);
      if (difference !== null) return { kind, difference };
    }
    if (checked.kind === 'invalid') return { kind: 'invalid', difference: differenceIn(checked.problems, text) };
    if (ops.kind === 'invalid') return { kind: 'valid', difference: 'valid, but for its section ops alone' };
    return await compose(checked.settings);
  } catch (error) {
    return { kind: 'throws', difference: `throws ${firstLine(error)}` };
  }
}

function asRefused(checked: ReturnType<typeof checkSettings> | ReturnType<typeof checkOps>) {
  return checked.kind === 'valid' ? { kind: checked.kind, problems: [] } : checked;
}

function differenceIn(problems: readonly Problem[], text: string): string | null {
  if (problems.length === 0) return 'refused without a problem';
  const lines = text.split('\n');
  for (const problem of problems) {
    const { line, column, message } = problem;
    const shown = visibleText(formatProblem(problem));
    const width = (lines[line - 1] ?? '').length;
    const difference = firstOf(
      line < 1 || line > lines.length || column < 1 || column > width + 1 ? `no such place: ${shown}` : null,
      /\n/.test(shown) ? `not one line of text: ${shown}` : null,
      message.trim().length < 10 ? `says nothing: ${shown}` : null,
      shown.length > LONGEST_LINE ? `too long: ${shown.slice(0, 300)}…` : null,
      /undefined|\[object |\bat .*:\d+:\d+|Error:|call stack|Cannot read|is not a function|Invalid input/.test(message)
        ? `not written for people: ${shown}`
        : null,
      shown.includes('hunter2') && !text.includes('hunter2') ? `shows a secret: ${shown}` : null,
    );
    if (difference !== null) return difference;
  }
  return null;
}

/** Composes what depends on the configuration alone, and opens no store and no listener. */
async function compose(settings: Settings): Promise<Finding> {
  const { routes, api, pages, assertion } = settings;
  const open = routes.find(({ auth, path }) => auth === 'none' && isBelow(path, api.prefix));
  if (open !== undefined) return { kind: 'valid', difference: `opens ${open.path} below ${api.prefix}` };
  certificateWarnings(settings);
  hashRules(settings.accounts);
  createAssets(pages);
  // A module is code of the operator, and a missing key is generated into a file.
  const isWhole = routes.every(({ proxy }) => proxy?.intercept === undefined) && assertion?.keys.length !== 0;
  if (!isWhole) return { kind: 'valid, not composed', difference: null };
  const services = { log, openUpstreams: sharedUpstreams(log, () => meter), noticeUntrustedPeer() {}, ...OTHERS };
  const generation = createGeneration(settings, new Map(), services as unknown as GenerationDeps);
  const lost = routes.find(({ name, path }) => generation.pathOf(name) !== path);
  await generation.retire();
  return { kind: 'valid', difference: lost === undefined ? null : `has lost the route ${lost.name}` };
}

/** What is only called by requests. */
const OTHERS = {
  limitCounts: { open: (name: string, limit: unknown) => ({ name, settings: limit }) },
  refusalsBy: () => () => {},
  hopCounter: {},
  openWebSockets: {},
  assertionLookUps: { hits: 0, misses: 0 },
  beginTrace: null,
  now: Date.now,
};

/** As a server may read the path: in any case, and with several slashes as one. */
function isBelow(path: string, prefix: string): boolean {
  const plain = `${path.toLowerCase().replace(/\/+/g, '/')}/`;
  return plain.startsWith(`${prefix.toLowerCase()}/`);
}

function firstLine(error: unknown): string {
  return error instanceof Error
    ? `${error.name}: ${error.message.split('\n', 1)[0]} ${error.stack?.split('\n')[1]?.trim() ?? ''}`
    : String(error);
}
