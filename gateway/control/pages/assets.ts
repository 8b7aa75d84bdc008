import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { extname } from 'node:path';
import type Koa from 'koa';
import { logoAddress } from '../../settings/schema/page-options.ts';
import type { Settings } from '../../settings/schema/settings.ts';

/** The files of the pages: style, script and logo. All are kept in memory. */
export interface Assets {
  /** A hash of the content, for cache busting. */
  readonly version: string;
  /** The path of the logo below the path of the pages; null: there is none. */
  readonly logo: string | null;
  readonly serve: Koa.Middleware;
}

/** In the order of the cascade. */
const SHEETS = ['page.css', 'top.css', 'form.css', 'tokens.css'];

const TYPES: Readonly<Record<string, string>> = {
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.webp': 'image/webp',
  '.jpg': 'image/jpeg',
};

export function createAssets(pages: Settings['pages']): Assets {
  const { path, colour } = pages;
  const address = logoAddress(pages);
  const sheets = SHEETS.map((name) => readFileSync(new URL(`style/${name}`, import.meta.url), 'utf8'));
  const style = [`:root{--accent:${colour}}`, ...sheets].join('\n');
  const script = readFileSync(new URL('copy.js', import.meta.url));
  const version = createHash('sha256').update(style).update(script).digest('base64url').slice(0, 10);
  const files = new Map<string, { readonly type: string; readonly content: Buffer | string }>([
    [`${path}/style-${version}.css`, { type: 'text/css; charset=utf-8', content: style }],
    [`${path}/copy-${version}.js`, { type: 'text/javascript; charset=utf-8', content: script }],
  ]);
  if (address !== null && pages.logo !== undefined) {
    const type = TYPES[extname(address)] ?? 'application/octet-stream';
    files.set(address, { type, content: readFileSync(pages.logo) });
  }

  return {
    version,
    logo: address,
    async serve(ctx, next) {
      const file = ctx.method === 'GET' || ctx.method === 'HEAD' ? files.get(ctx.path) : undefined;
      if (file === undefined) return await next();
      ctx.set('Cache-Control', ctx.path.includes(version) ? 'public, max-age=31536000, immutable' : 'max-age=300');
      ctx.set('Content-Type', file.type);
      ctx.body = file.content;
    },
  };
}
