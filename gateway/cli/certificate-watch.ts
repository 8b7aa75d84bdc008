import type { Logger } from '../ops/log.ts';
import { type ServedCertificate, servedCertificates } from '../ops/served-certificates.ts';
import type { Settings } from '../settings/schema/settings.ts';

/** Warns of certificates of the public listener that expire soon. */
export interface CertificateWatch {
  /** Watches the certificates of other settings, and warns at once of those that are new. */
  use(settings: Pick<Settings, 'listen'>): void;
  stop(): void;
}

const DAY = 86_400_000;
/** Milliseconds before its end from which a certificate is warned of. Certbot renews 30 days before. */
const SOON = 14 * DAY;

/** Warns now and once a day of certificates that expire within 14 days or have expired. */
export function watchCertificates(settings: Pick<Settings, 'listen'>, log: Logger): CertificateWatch {
  let certificates: readonly ServedCertificate[] = [];
  const warn = (all: readonly ServedCertificate[]) => {
    for (const one of all) warnOf(one, log);
  };
  const use: CertificateWatch['use'] = ({ listen }) => {
    const known = new Set(certificates.map(keyOf));
    certificates = servedCertificates(listen.tls);
    warn(certificates.filter((one) => !known.has(keyOf(one))));
  };
  use(settings);
  const timer = setInterval(() => warn(certificates), DAY).unref();
  return { use, stop: () => clearInterval(timer) };
}

function warnOf({ index, names, validFrom, validTo }: ServedCertificate, log: Logger): void {
  const now = Date.now();
  const about = { option: `listen.tls[${index}].certificate`, names, expires: validTo.toISOString(), fault: 'gateway' };
  if (validTo.getTime() <= now) log.error(about, 'certificate expired: clients refuse the connection; renew it');
  else if (validFrom.getTime() > now)
    log.error(
      { ...about, validFrom: validFrom.toISOString() },
      'certificate not valid yet: clients refuse the connection',
    );
  else if (validTo.getTime() - now < SOON)
    log.warn({ ...about, days: Math.floor((validTo.getTime() - now) / DAY) }, 'certificate expires soon: renew it');
}

function keyOf({ names, validTo }: ServedCertificate): string {
  return `${names.join()} ${validTo.getTime()}`;
}
