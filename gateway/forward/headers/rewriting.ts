import type { Replacements } from './cookie-rewrite.ts';
import type { RedirectRules } from './reference-rewrite.ts';

/** The rules by which a route rewrites the heads of answers. */
export interface Rewriting {
  /** Empty: the route removes no prefix. */
  readonly stripPrefix: string;
  readonly cookieDomains: Replacements;
  readonly cookiePaths: Replacements;
  /** `host` is null where it stays, or becomes the host that the client asked for. */
  readonly redirects: (RedirectRules & { readonly toClientHost: boolean }) | null;
}
