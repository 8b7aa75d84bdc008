import { randomBytes } from 'node:crypto';

/** A value that is not written into the configuration itself, but into a file that it names. */
export interface Secret {
  /** Relative to the folder of the configuration. */
  readonly file: string;
  readonly value: string;
}

const FOLDER = 'secrets';
const TOKEN_SECRET_BYTES = 48;

/** A URL as it is written into a configuration, and the password that it had. */
export interface WrittenUrl {
  readonly text: string;
  /** null: the URL has no password. */
  readonly secret: Secret | null;
}

export function newTokenSecret(): Secret {
  return { file: `${FOLDER}/token`, value: randomBytes(TOKEN_SECRET_BYTES).toString('base64url') };
}

/**
 * Moves the password of a URL into a file, as it stands there: percent-encoded.
 *
 * @param url valid, so that its user and password have no raw delimiters
 * @param owner whose password it is, such as `database`
 */
export function writtenUrl(url: string, owner: string): WrittenUrl {
  const [, before, password, after] = /^([a-z+]+:\/\/[^/?#:@]*:)([^/?#]+)(@.*)$/.exec(url) ?? [];
  if (before === undefined || password === undefined || after === undefined)
    return { text: literal(url), secret: null };
  const secret = { file: `${FOLDER}/${owner}-password`, value: password };
  return { text: `${literal(before)}${reference(secret)}${literal(after)}`, secret };
}

export function reference({ file }: Secret): string {
  return `\${file:${file}}`;
}

/** A text that is not to be taken for a reference. */
export function literal(text: string): string {
  return text.replaceAll('${', () => '$${');
}
