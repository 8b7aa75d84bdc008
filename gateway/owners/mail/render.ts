/** A part of a mail: a text, a link, or the small print at the end. */
export type Paragraph = string | { readonly label: string; readonly link: string } | { readonly small: string };

const STYLE = {
  page: 'margin:0 auto;max-width:36rem;padding:1.5rem;font:16px/1.5 system-ui,sans-serif',
  link: 'display:inline-block;padding:.6rem 1.2rem;border:1px solid;border-radius:.4rem;font-weight:600',
  small: 'margin-top:2rem;font-size:.85rem',
};

/** Renders plain text, with each link on its own line, and HTML that loads no resources. */
export function render(title: string, paragraphs: readonly Paragraph[]): { text: string; html: string } {
  const text = ['Hello,', ...paragraphs.map(plain)].join('\n\n');
  const body = ['<p>Hello,</p>', ...paragraphs.map(marked)].join('\n');
  const head = `<meta charset="utf-8"><meta name="color-scheme" content="light dark"><title>${escaped(title)}</title>`;
  const html = `<!doctype html>\n<html lang="en"><head>${head}</head>\n<body style="${STYLE.page}">\n${body}\n</body></html>\n`;
  return { text: `${text}\n`, html };
}

function plain(paragraph: Paragraph): string {
  if (typeof paragraph === 'string') return paragraph;
  if ('small' in paragraph) return `-- \n${paragraph.small}`;
  return paragraph.link;
}

function marked(paragraph: Paragraph): string {
  if (typeof paragraph === 'string') return `<p>${escaped(paragraph)}</p>`;
  if ('small' in paragraph) return `<p style="${STYLE.small}">${escaped(paragraph.small)}</p>`;
  const { label, link } = paragraph;
  return `<p><a href="${escaped(link)}" style="${STYLE.link}">${escaped(label)}</a></p>\n<p>Or copy this address into a browser:<br>${escaped(link)}</p>`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
