import type { Replacements } from './cookie-rewrite.ts';
import type { RedirectRules } from './reference-rewrite.ts';

/** What a route rewrites in the heads of answers. */
export interface Rewriting {
  /** Empty: the route takes nothing off. */
  readonly stripPrefix: string;
  readonly cookieDomains: Replacements;
  readonly cookiePaths: Replacements;
  /** `host` is null where it is the one that the client asked, or stays. */
  readonly redirects: (RedirectRules & { readonly toClientHost: boolean }) | null;
}
