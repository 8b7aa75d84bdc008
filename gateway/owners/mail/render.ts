import type { VNode } from 'preact';
import { html, renderDocument } from '../../http/html.ts';

/** A part of a mail: a text, a link, or the small print at the end. */
export type Paragraph = string | { readonly label: string; readonly link: string } | { readonly small: string };

const STYLE = {
  page: 'margin:0 auto;max-width:36rem;padding:1.5rem;font:16px/1.5 system-ui,sans-serif',
  link: 'display:inline-block;padding:.6rem 1.2rem;border:1px solid;border-radius:.4rem;font-weight:600',
  small: 'margin-top:2rem;font-size:.85rem',
};

/** Renders plain text, with each link on its own line, and HTML that loads no resources. */
export function renderMail(title: string, paragraphs: readonly Paragraph[]): { text: string; html: string } {
  const text = ['Hello,', ...paragraphs.map(plain)].join('\n\n');
  const document = html`<html lang="en">
    <head>
      <meta charset="utf-8" />
      <meta name="color-scheme" content="light dark" />
      <title>${title}</title>
    </head>
    <body style=${STYLE.page}>
      <p>Hello,</p>
      ${paragraphs.map(marked)}
    </body>
  </html>`;
  return { text: `${text}\n`, html: renderDocument(document) };
}

function plain(paragraph: Paragraph): string {
  if (typeof paragraph === 'string') return paragraph;
  if ('small' in paragraph) return `-- \n${paragraph.small}`;
  return paragraph.link;
}

function marked(paragraph: Paragraph): VNode {
  if (typeof paragraph === 'string') return html`<p>${paragraph}</p>`;
  if ('small' in paragraph) return html`<p style=${STYLE.small}>${paragraph.small}</p>`;
  const { label, link } = paragraph;
  return html`<p><a href=${link} style=${STYLE.link}>${label}</a></p>
    <p>Or copy this address into a browser:<br />${link}</p>`;
}
