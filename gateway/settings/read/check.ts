import { dirname } from 'node:path';
import { isMap } from 'yaml';
import { newAssertionKey } from '../schema/assertion-key.ts';
import type { Settings } from '../schema/settings.ts';
import { replaceTexts } from './interpolate.ts';
import { byPlace, type Finding, keyOf, type Problem } from './problem.ts';
import { type OpsSettings, type Validated, validate, validateOps } from './validate.ts';
import { dataOf, lineAndColumn, parseYaml, type YamlText } from './yaml-text.ts';

export type Checked<Part = Settings> =
  | { readonly kind: 'valid'; readonly settings: Part }
  | { readonly kind: 'invalid'; readonly problems: readonly Problem[] };

/** Options whose values are secret, and that a command may do without. */
export type SecretOption = 'tokens.secrets' | 'assertion.keys';

/**
 * Turns the text of a configuration file into settings, or finds all problems in it, sorted by place.
 *
 * @param file the path as the operator gave it; relative paths in the file, such as in `${file:…}`, start from its folder
 * @param env the values of `${NAME}`
 * @param unread these options are ignored, for commands that neither sign nor verify
 */
export function checkSettings(
  text: string,
  file: string,
  env: NodeJS.ProcessEnv,
  unread: readonly SecretOption[] = [],
): Checked {
  const yaml = parseYaml(text);
  if (unread.includes('tokens.secrets')) replaceSecrets(yaml);
  if (unread.includes('assertion.keys')) replaceKeys(yaml);
  return checked(yaml, text, file, yaml.usable ? readValues(yaml, file, env) : invalid([]));
}

/** As `checkSettings`, but only reads the section `ops`: the values of all others may be wrong, or their files unreadable. */
export function checkOps(text: string, file: string, env: NodeJS.ProcessEnv): Checked<OpsSettings> {
  const yaml = parseYaml(text);
  return checked(yaml, text, file, yaml.usable ? readOps(yaml, file, env) : invalid([]));
}

function checked<Part>(yaml: YamlText, text: string, file: string, read: Validated<Part>): Checked<Part> {
  if (read.kind === 'valid' && yaml.mistakes.length === 0) return read;
  const findings = [...yaml.mistakes, ...(read.kind === 'invalid' ? read.findings : [])];
  const problems = findings.map(
    ({ offset, path, message }): Problem => ({ file, ...lineAndColumn(text, offset), key: keyOf(path), message }),
  );
  return { kind: 'invalid', problems: problems.sort(byPlace) };
}

/** Replaces the token secrets by a valid value, so that no environment variable needs to be set for them. */
function replaceSecrets({ document, usable }: YamlText): void {
  const tokens = usable && isMap(document.contents) ? document.get('tokens') : null;
  if (tokens === undefined || isMap(tokens)) document.setIn(['tokens', 'secrets'], ['-'.repeat(32)]);
}

/** The same for the keys of assertions, if there is `assertion`. */
function replaceKeys({ document, usable }: YamlText): void {
  const assertion = usable && isMap(document.contents) ? document.get('assertion') : null;
  if (isMap(assertion)) document.setIn(['assertion', 'keys'], [JSON.stringify(newAssertionKey())]);
}

function readValues({ document }: YamlText, file: string, env: NodeJS.ProcessEnv): Validated {
  const sources = { env, folder: dirname(file) };
  const replaced = replaceTexts(document, sources);
  const values = dataOf(document);
  if ('finding' in values) return invalid([values.finding]);
  const validated = validate(values.data, document, replaced, sources);
  if (validated.kind === 'valid') return validated;
  return invalid([...replaced.findings, ...validated.findings]);
}

function readOps({ document }: YamlText, file: string, env: NodeJS.ProcessEnv): Validated<OpsSettings> {
  const replaced = replaceTexts(document, { env, folder: dirname(file) });
  const values = dataOf(document);
  if ('finding' in values) return invalid([values.finding]);
  const validated = validateOps(values.data, document, replaced, env);
  if (validated.kind === 'valid') return validated;
  return invalid([...replaced.findings.filter(({ path }) => path[0] === 'ops'), ...validated.findings]);
}

function invalid(findings: readonly Finding[]): { readonly kind: 'invalid'; readonly findings: readonly Finding[] } {
  return { kind: 'invalid', findings };
}
