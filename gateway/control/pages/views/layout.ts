import type { VNode } from 'preact';
import { type Account, nameOf } from '../../../domain/account.ts';
import { type Content, html } from '../../../http/html.ts';
import { TOKEN_FIELD } from '../csrf.ts';

/** The look of the pages, from the settings. */
export interface Brand {
  readonly name: string;
  /** The path of the logo; null: only the name is shown. */
  readonly logo: string | null;
}

/** The common parts of every page. */
export interface Frame {
  readonly brand: Brand;
  /** The path prefix of the pages, such as `/account`. */
  readonly path: string;
  /** Changes with the assets, so that browsers may cache these forever. */
  readonly version: string;
  /** The CSRF token for the forms of the page. */
  readonly formToken: string;
  /** The logged-in owner; null: none. */
  readonly owner: Pick<Account, 'id' | 'logins' | 'email' | 'confirmed'> | null;
  readonly offers: Offers;
}

/** The actions available to owners: fewer without mail, or with an application's accounts. */
export interface Offers {
  readonly registration: boolean;
  /** Confirmation, password reset, change of email. */
  readonly mail: boolean;
  readonly changes: boolean;
}

export interface Notice {
  readonly kind: 'done' | 'problem';
  readonly text: string;
}

/** @param current the name of the page in the navigation; none: a page outside of it, in one narrow column */
export function page(
  frame: Frame,
  { title, current, notice }: { title: string; current?: string; notice?: Notice | null },
  content: Content,
): VNode {
  const { brand, path, version, owner } = frame;
  return html`<html lang="en">
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta name="robots" content="noindex" />
      <meta name="referrer" content="same-origin" />
      <title>${title} · ${brand.name}</title>
      ${brand.logo !== null && html`<link rel="icon" href=${brand.logo} />`}
      <link rel="stylesheet" href="${path}/style-${version}.css" />
      <script src="${path}/copy-${version}.js" defer></script>
    </head>
    <body class=${current === undefined ? 'narrow' : 'wide'}>
      <a class="skip" href="#content">Skip to content</a>
      <header class="top">
        <div class="bar">
          <a class="brand" href="${path}">
            ${brand.logo !== null && html`<img src=${brand.logo} alt="" height="28" />`}
            <span>${brand.name}</span>
          </a>
          ${owner !== null && whoseAccount(frame, nameOf(owner))}
        </div>
        ${owner?.confirmed && navigation(frame, current)}
      </header>
      <main id="content" tabindex="-1">
        <h1>${title}</h1>
        ${notice && html`<p class="notice ${notice.kind}" role=${notice.kind === 'problem' ? 'alert' : 'status'}>${notice.text}</p>`}
        ${content}
      </main>
    </body>
  </html>`;
}

function whoseAccount({ path, formToken }: Frame, account: string): VNode {
  return html`<div class="owner">
    <span title=${account}>${account}</span>
    <form method="post" action="${path}/logout">
      ${hiddenToken(formToken)}
      <button class="small">Log out</button>
    </form>
  </div>`;
}

function navigation({ path, offers }: Frame, current?: string): VNode {
  const pages = [
    { name: 'tokens', where: '', text: 'Tokens', isThere: true },
    { name: 'password', where: '/password', text: 'Password', isThere: offers.changes },
    { name: 'email', where: '/email', text: 'Email', isThere: offers.mail },
  ];
  return html`<nav aria-label="Account">
    <ul>
      ${pages
        .filter(({ isThere }) => isThere)
        .map(
          ({ name, where, text }) =>
            html`<li><a href="${path}${where}" aria-current=${name === current ? 'page' : undefined}>${text}</a></li>`,
        )}
    </ul>
  </nav>`;
}

/** The hidden field of each form: see csrf.ts. */
export function hiddenToken(formToken: string): VNode {
  return html`<input type="hidden" name=${TOKEN_FIELD} value=${formToken} />`;
}
