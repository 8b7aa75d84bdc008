import { confidential, options } from './formats.ts';

const PEPPER_FORM = `must be the pepper as the application has it, from a file: "\${file:/run/secrets/pepper}"`;

/** Text that is appended to passwords. */
export function pepper() {
  return confidential(pepperProblem, PEPPER_FORM);
}

function pepperProblem(text: string): string | null {
  if (text === '') return `is empty; ${PEPPER_FORM}`;
  // bcrypt ends its input at a NUL; a line end or a space at an end comes from the file, not from the application.
  if (/\p{Cc}/u.test(text) || text.trim() !== text || !text.isWellFormed()) {
    return `has a control character (such as a line end), or a space at an end; ${PEPPER_FORM}`;
  }
  return null;
}

const SIGNER_KEY = {
  least: 32,
  most: 64,
  form: `must be base64_signer_key of the password hash parameters in the Firebase console, from a file: "\${file:/run/secrets/firebase}"`,
};
const SALT_SEPARATOR = {
  least: 0,
  most: 64,
  form: 'must be base64_salt_separator of the password hash parameters in the Firebase console, such as Bw==',
};

/** What all hashes of a Firebase project share. */
export function firebaseKey() {
  return options({
    signerKey: base64Text(SIGNER_KEY).describe('base64_signer_key of the project. Secret.'),
    saltSeparator: base64Text(SALT_SEPARATOR).prefault('Bw==').describe('base64_salt_separator of the project.'),
  });
}

/** Base64 of either alphabet, with or without padding; standard and padded when read. */
function base64Text({ least, most, form }: { least: number; most: number; form: string }) {
  const problem = (text: string) => {
    if (!/^[A-Za-z0-9+/_-]*={0,2}$/.test(text)) return `is not base64; ${form}`;
    const { length } = Buffer.from(text, 'base64');
    return length < least || length > most ? `is base64 of ${length} bytes; ${form}` : null;
  };
  return confidential(problem, form).transform((text) => Buffer.from(text, 'base64').toString('base64'));
}
