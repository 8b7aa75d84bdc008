import type { IncomingMessage } from 'node:http';
import accepts from 'accepts';
import type { GatewayError } from '../domain/errors.ts';
import { logoAddress } from '../settings/schema/page-options.ts';
import type { Settings } from '../settings/schema/settings.ts';
import { html, renderDocument } from './html.ts';

/** Renders an error as HTML, for browsers. */
export type ErrorPage = (error: GatewayError, requestId: string) => string;

/** Whether a client prefers HTML to JSON. @param accept the value of its field `Accept` */
export function prefersHtml(accept: string | undefined): boolean {
  return accepts({ headers: { accept } } as IncomingMessage).type(['json', 'html']) === 'html';
}

/** The Content-Security-Policy of error pages: inline styles and the logo only. */
export const ERROR_PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; base-uri 'none'";

/** Texts for visitors who do not know how the site is built; other errors show their public message. */
const WORDS: Partial<Record<GatewayError['code'], readonly [title: string, text: string]>> = {
  unauthorized: ['You need to sign in', 'This page is only for people who have signed in.'],
  not_found: ['Page not found', 'There is nothing at this address. Check it for a typing mistake.'],
  internal_error: ['Something went wrong', 'This is our fault and not yours. Please try again in a moment.'],
  bad_gateway: ['This service is not available', 'It does not work at the moment. Please try again in a minute.'],
  service_unavailable: ['This service is not available', 'It is busy at the moment. Please try again in a minute.'],
  gateway_timeout: ['This service takes too long', 'It has not answered in time. Please try again in a minute.'],
};

/** Compiles the error page, with the name, logo and colour of the account pages. Self-contained, so it works during outages. */
export function createErrorPage(pages: Settings['pages']): ErrorPage {
  const { name, colour } = pages;
  const logo = logoAddress(pages);
  const style = STYLE.replace('ACCENT', colour);

  return (error, requestId) => {
    const [title, text] = WORDS[error.code] ?? [error.publicMessage, ''];
    return renderDocument(html`<html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="robots" content="noindex" />
        <title>${title} · ${name}</title>
        <style>${style}</style>
      </head>
      <body>
        <header>${logo !== null && html`<img src=${logo} alt="" height="28" />`}<span>${name}</span></header>
        <main>
          <h1>${title}</h1>
          ${text !== '' && html`<p>${text}</p>`}
          <p class="quiet">Error ${error.status}. Request <code>${requestId}</code>.</p>
        </main>
      </body>
    </html>`);
  };
}

/** Rendered as text: it may have no `<`, `&` or double quote. */
const STYLE = `
:root { color-scheme: light dark; --accent: ACCENT; font: 1rem/1.55 system-ui, sans-serif; }
body { margin: 0; background: light-dark(#f6f7f8, #16181b); color: light-dark(#1b1f24, #e6e8eb); }
header { display: flex; gap: .6rem; align-items: center; padding: 1rem 1.5rem; font-weight: 650; border-top: 4px solid var(--accent); }
header span, main { overflow-wrap: anywhere; }
main { max-width: 34rem; margin: 12vh auto 0; padding: 0 1.5rem 3rem; }
h1 { font-size: 1.625rem; line-height: 1.25; margin: 0 0 .75rem; }
p { margin: 0 0 1rem; }
.quiet { color: light-dark(#58606a, #a3abb5); font-size: .9rem; }
`;
