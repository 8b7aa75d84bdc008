import { GROUP_NAME } from '../schema/addresses.ts';
import { conflictsOfAccess } from './access.ts';
import { conflictsOfAssertion } from './assertion.ts';
import { conflictsOfLimits } from './limits.ts';
import { ANY_HOST, conflictsOfListeners } from './listeners.ts';
import { conflictsOfLogins } from './logins.ts';
import { conflictsOfLoops } from './loops.ts';
import type { Conflict, Readable } from './readable.ts';
import { conflictsInRoutes, isWithin } from './routes.ts';
import { conflictsOfTls } from './tls.ts';
import { validAddress } from './valid-address.ts';

/** All conflicts between options that are valid by themselves. */
export function conflictsIn(settings: Readable): Conflict[] {
  return [
    ...conflictsOfListeners(settings),
    ...preloadKept(settings),
    ...sharedSecretOfNodes(settings),
    ...lifetimeWithinMaximum(settings),
    ...adoptedTableIsWhole(settings),
    ...delayWithinTimeout(settings),
    ...pagesApart(settings),
    ...registrationWithMail(settings),
    ...linksWithUrl(settings),
    ...Object.keys(settings.upstreams ?? {}).flatMap(groupName),
    ...conflictsOfTls(settings),
    ...conflictsOfLogins(settings),
    ...conflictsOfLimits(settings),
    ...conflictsInRoutes(settings),
    ...conflictsOfAssertion(settings),
    ...conflictsOfAccess(settings),
    ...conflictsOfLoops(settings),
  ];
}

/** The minimum max-age for the preload list of browsers (hstspreload.org). */
const PRELOADED_FOR = 365 * 86_400_000;

function preloadKept({ listen }: Readable): Conflict[] {
  const { hsts } = listen ?? {};
  if (!hsts?.preload || (hsts.includeSubDomains && hsts.maxAge >= PRELOADED_FOR)) return [];
  const message = 'needs listen.hsts.includeSubDomains: true and a maxAge of 365d or more; must be false without these';
  return [{ path: ['listen', 'hsts', 'preload'], message }];
}

function sharedSecretOfNodes({ database, tokens }: Readable): Conflict[] {
  if (database?.url === undefined || database.url.kind === 'sqlite' || tokens?.secrets?.length !== 0) return [];
  const message = `is empty; with a database server, it must have a secret of 32 bytes or more that every gateway at the database shares, such as ["\${TOKEN_SECRET}"]`;
  return [{ path: ['tokens', 'secrets'], message }];
}

function lifetimeWithinMaximum({ tokens }: Readable): Conflict[] {
  if (tokens?.lifetime === undefined || tokens.maxLifetime === undefined) return [];
  if (tokens.lifetime <= tokens.maxLifetime) return [];
  return [{ path: ['tokens', 'lifetime'], message: 'is longer than tokens.maxLifetime; must be at most as long' }];
}

/** Ignores `columns` that are absent from `Readable` because one of them is invalid: that is reported already. */
function adoptedTableIsWhole({ accounts }: Readable): Conflict[] {
  if (accounts === undefined) return [];
  const { table, columns, confirmedWhen } = accounts;
  if (table === undefined) {
    if ('table' in accounts) return [];
    const message = "is only for an application's table; must be left out, or accounts.table must name that table";
    return (['columns', 'pepper', 'groups', 'confirmedWhen', 'readOnly'] as const)
      .filter((option) => accounts[option] !== undefined)
      .map((option) => ({ path: ['accounts', option], message }));
  }
  const refused = ['columns', 'confirmedWhen'].some((option) => option in accounts && !accounts[option as 'columns']);
  if (refused) return [];
  if (columns?.confirmed !== undefined && confirmedWhen !== undefined) {
    const message = 'excludes accounts.columns.confirmed; one of the two must be left out';
    return [{ path: ['accounts', 'confirmedWhen'], message }];
  }
  if (columns?.confirmed !== undefined || confirmedWhen !== undefined) return [];
  const message =
    'needs accounts.columns.confirmed, a column, or accounts.confirmedWhen, an SQL expression, to tell who is confirmed; ' +
    'if all accounts are, write confirmedWhen: "1 = 1"';
  return [{ path: ['accounts', 'table'], message }];
}

function pagesApart({ pages, api }: Readable): Conflict[] {
  if (!pages?.enabled || pages.path === undefined || api?.prefix === undefined) return [];
  if (!isWithin(pages.path, api.prefix) && !isWithin(api.prefix, pages.path)) return [];
  const message = `overlaps api.prefix (${api.prefix}); neither may be within the other`;
  return [{ path: ['pages', 'path'], message }];
}

function registrationWithMail({ accounts, pages, mail }: Readable): Conflict[] {
  if (accounts?.registration !== 'open') return [];
  const because = (what: string): Conflict[] => [
    { path: ['accounts', 'registration'], message: `is open, ${what}; must be closed` },
  ];
  if (accounts.table !== undefined)
    return because("but the accounts are in an application's table, which is read-only");
  if (pages?.enabled === false) return because('but pages.enabled is false');
  return mail?.url === null ? because('but mail.url is empty, so no account could be confirmed') : [];
}

/** Mails in a local folder may link to the listener's own address, if it has one that is not the unspecified address. */
function linksWithUrl(settings: Readable): Conflict[] {
  const { pages, mail } = settings;
  if (!mail?.url || !pages?.enabled || pages.url !== undefined || 'url' in pages) return [];
  const address = validAddress('listen', settings);
  const isUrl = address === null || ('host' in address && !ANY_HOST.has(address.host));
  if (mail.url.kind === 'folder' && isUrl) return [];
  const message =
    'is missing; mails need it for their links: must be the public URL of the gateway, such as https://api.example.com';
  return [{ path: ['pages', 'url'], message }];
}

function groupName(name: string): Conflict[] {
  if (GROUP_NAME.test(name)) return [];
  const message = 'is not a valid group name; must be lower-case letters, digits, "_" and "-", such as billing';
  return [{ path: ['upstreams', name], message }];
}

function delayWithinTimeout({ shutdown }: Readable): Conflict[] {
  if (shutdown?.delay === undefined || shutdown.timeout === undefined || shutdown.delay < shutdown.timeout) return [];
  return [
    { path: ['shutdown', 'delay'], message: 'is not shorter than shutdown.timeout, which includes it; must be less' },
  ];
}
