import { extname } from 'node:path';
import { duration, flag, matching, options, PLAIN_PATH, textThat, wholeNumber } from './formats.ts';
import { mailUrl, sender } from './mail.ts';

function isOrigin(text: string): boolean {
  return /^https?:\/\//.test(text) && URL.parse(text)?.origin === text;
}

/** The path at which the logo is served; null: there is no logo. */
export function logoAddress(pages: { enabled: boolean; path: string; logo?: string | undefined }): string | null {
  return pages.logo === undefined || !pages.enabled ? null : `${pages.path}/logo${extname(pages.logo)}`;
}

/** WCAG 2.2, 1.4.3: the minimum contrast of white text on the colour, and of the colour on white. */
const LEAST_CONTRAST = 4.5;

/** Relative luminance as WCAG 2.2 defines it, of `#rrggbb`. */
function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const share = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function isReadable(colour: string): boolean {
  return /^#[0-9a-f]{6}$/i.test(colour) && 1.05 / (luminance(colour) + 0.05) >= LEAST_CONTRAST;
}

/** The options of the account pages. */
export function pageOptions() {
  return options({
    enabled: flag().prefault(true).describe('Whether the gateway serves the account pages.'),
    path: matching(
      /^(?:\/(?!\.{1,2}(?:\/|$))[a-z0-9._~-]+)+$/,
      `must be a path in lower case such as /account: ${PLAIN_PATH}`,
    )
      .prefault('/account')
      .describe('The path of the pages.'),
    url: textThat(isOrigin, 'must be the public URL of the gateway, such as https://api.example.com, without a path')
      .exactOptional()
      .describe('The public URL of the gateway, for links in mails; with https, cookies are Secure.'),
    name: matching(/^[^\p{Cc}]{1,60}$/u, 'must be text of at most 60 characters')
      .prefault('Gatehouse')
      .describe('The name at the top of pages and mails.'),
    logo: matching(/\.(?:svg|png|webp|jpg)$/, 'must be the path of an .svg, .png, .webp or .jpg file')
      .exactOptional()
      .describe('A picture beside the name; relative to the configuration file.'),
    colour: textThat(
      isReadable,
      'must be #rrggbb, and dark enough for white text on it (contrast 4.5), such as #1f5f8b',
    )
      .prefault('#1f5f8b')
      .describe('The colour of buttons and links.'),
    session: options({
      lifetime: duration('5m', '30d').prefault('12h').describe('The time after which an idle session expires.'),
    })
      .prefault({})
      .describe('Sessions of the pages.'),
  })
    .prefault({})
    .describe('The pages on which account owners log in and manage their tokens.');
}

/** @param variable the value of an environment variable, or the fallback when it is unset or empty */
export function mailOptions(url: () => string) {
  return options({
    url: mailUrl()
      .prefault(url)
      .describe(
        'smtp://user:password@host:587, smtps://…:465, or folder:PATH (relative to the working directory) to write mails to files; empty: no mail.',
      ),
    from: sender().prefault('Gatehouse <no-reply@localhost>').describe('The sender of mails.'),
    perAddress: wholeNumber(1, 1_000, 'a number of mails')
      .prefault(5)
      .describe('The maximum number of mails of one kind to one address in an hour.'),
  })
    .prefault({})
    .describe('Mails to account owners.');
}
