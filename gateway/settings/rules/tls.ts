import type { PostgresLocation } from '../schema/postgres-url.ts';
import { certificatesIn, type TlsSettings } from '../schema/tls-options.ts';
import { keyOfCertificate } from './key-pair.ts';
import { conflictsOfListenTls } from './listen-tls.ts';
import type { Conflict, Readable } from './readable.ts';

/** The conflicts between the options of TLS, to clients and to servers. */
export function conflictsOfTls(settings: Readable): Conflict[] {
  const { database, upstreams = {} } = settings;
  return [
    ...conflictsOfListenTls(settings),
    ...Object.entries(upstreams).flatMap(([name, group]) => keyOfCertificate(['upstreams', name, 'tls'], group?.tls)),
    ...keyOfCertificate(['database', 'tls'], database?.tls),
    ...tlsOfDatabase(database),
  ];
}

/** An expired certificate is refused only here: a gateway whose database refuses it can serve nobody. */
function tlsOfDatabase(database: Readable['database']): Conflict[] {
  const { url, tls } = database ?? {};
  if (tls === undefined) return [];
  if (url?.kind === 'sqlite') {
    return [{ path: ['database', 'tls'], message: 'is for a database server; must be left out with sqlite:' }];
  }
  if (url?.kind === 'postgres') {
    const message = againstUrl(url, tls);
    if (message !== null) return [{ path: ['database', 'tls'], message }];
  }
  return (['ca', 'certificate'] as const).flatMap((option) => {
    const last = lastDayOf(option, tls[option]);
    if (last === null || last.getTime() > Date.now()) return [];
    const message = `has expired on ${last.toISOString().slice(0, 10)}; must be a certificate that is still valid`;
    return [{ path: ['database', 'tls', option], message }];
  });
}

/** What database.tls says that the URL does not let it mean. */
function againstUrl({ host, sslmode }: PostgresLocation, { ca, serverName }: TlsSettings): string | null {
  if (host.startsWith('/')) return 'is not for the Unix socket in database.url, which has no TLS; must be left out';
  const given = `but database.url has sslmode=${sslmode}`;
  if (sslmode === 'disable') return `is set, ${given}; one of the two must be left out`;
  const full = 'must be sslmode=verify-full, or left out there';
  if (sslmode === 'require' && ca !== undefined) return `has a ca, ${given}, which does not verify it; ${full}`;
  if ((sslmode === 'require' || sslmode === 'verify-ca') && serverName !== undefined)
    return `has a serverName, ${given}, which does not verify it; ${full}`;
  return null;
}

/** A client has one certificate and its issuers; authorities are a choice, of which one may still be valid. */
function lastDayOf(option: 'ca' | 'certificate', pem: string | undefined): Date | null {
  if (pem === undefined) return null;
  const certificates = certificatesIn(pem);
  const ends = (option === 'ca' ? certificates : certificates.slice(0, 1)).map(({ validToDate }) => validToDate);
  return ends.reduce<Date | null>((last, end) => (last === null || end > last ? end : last), null);
}
