import type { Logger } from '../ops/log.ts';
import { type ServedCertificate, servedCertificates, validityOf } from '../ops/served-certificates.ts';
import type { Settings } from '../settings/schema/settings.ts';

/** Warns of certificates of the public listener that expire soon. */
export interface CertificateWatch {
  /** Watches the certificates of other settings, and warns at once of those that are new. */
  use(settings: Pick<Settings, 'listen'>): void;
  stop(): void;
}

const DAY = 86_400_000;

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

function warnOf(certificate: ServedCertificate, log: Logger): void {
  const { index, names, validFrom, validTo } = certificate;
  const about = { option: `listen.tls[${index}].certificate`, names, expires: validTo.toISOString(), fault: 'gateway' };
  const validity = validityOf(certificate, Date.now());
  switch (validity.kind) {
    case 'expired':
      log.error(about, 'certificate expired: clients refuse the connection; renew it');
      break;
    case 'early':
      log.error(
        { ...about, validFrom: validFrom.toISOString() },
        'certificate not valid yet: clients refuse the connection',
      );
      break;
    case 'soon':
      log.warn({ ...about, days: validity.days }, 'certificate expires soon: renew it');
      break;
    case 'valid':
      break;
  }
}

/** The same as lines for a terminal. */
export function certificateWarnings({ listen }: Pick<Settings, 'listen'>): string[] {
  return servedCertificates(listen.tls).flatMap((certificate) => {
    const validity = validityOf(certificate, Date.now());
    if (validity.kind === 'valid') return [];
    const { index, names, validFrom, validTo } = certificate;
    const name = `listen.tls[${index}].certificate (${names.join(', ')})`;
    if (validity.kind === 'expired') return [`${name} has expired on ${dayOf(validTo)}: clients refuse the connection`];
    if (validity.kind === 'early')
      return [`${name} is valid only from ${dayOf(validFrom)} on: clients refuse the connection`];
    return [`${name} expires on ${dayOf(validTo)}`];
  });
}

function dayOf(date: Date): string {
  return date.toISOString().slice(0, 10);
}

function keyOf({ names, validTo }: ServedCertificate): string {
  return `${names.join()} ${validTo.getTime()}`;
}
