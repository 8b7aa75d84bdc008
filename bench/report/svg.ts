/** Rules of CSS. */
interface Style {
  readonly always: string;
  readonly dark: string;
}

interface Picture {
  readonly width: number;
  readonly height: number;
  /** For those who do not see the picture. */
  readonly title: string;
  readonly style: Style;
}

/**
 * An SVG picture with a background of its own, readable on light and dark pages. Texts are `heading` or `small`, or of a class in
 * the style.
 */
export function svg({ width, height, title, style }: Picture, parts: readonly string[]): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title">
<title id="title">${escaped(title)}</title>
<style>
  text { font: 14px -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "DejaVu Sans", Arial, sans-serif; fill: #1f2328; }
  .page { fill: #ffffff; stroke: #d1d9e0; }
  .heading { font-size: 19px; font-weight: 600; }
  .small { font-size: 13px; fill: #59636e; }
${style.always}
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc; }
    .page { fill: #0d1117; stroke: #3d444d; }
    .small { fill: #9198a1; }
${style.dark}
  }
</style>
<rect class="page" x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="8"/>
${parts.join('\n')}
</svg>
`;
}

export function text(x: number, y: number, kind: string, content: string): string {
  return `<text class="${kind}" x="${x.toFixed(1)}" y="${y}">${escaped(content)}</text>`;
}

function escaped(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
