import { OperatorError } from '../../domain/errors.ts';
import type { ListenTlsSettings } from '../schema/listen-tls-options.ts';
import type { Settings } from '../schema/settings.ts';
import { certificatesIn } from '../schema/tls-options.ts';

type WithTls = { readonly listen: Pick<Settings['listen'], 'tls'> };

/**
 * Refuses a reload that replaces a certificate of the listener by one that no client accepts now. One that has expired while
 * it was in use, or before the start, refuses nothing: that would add the loss of all other changes.
 *
 * @throws OperatorError with the certificate and the day
 */
export function requireValidCertificates(present: WithTls, next: WithTls): void {
  const known = new Set(present.listen.tls?.map(({ certificate }) => certificate));
  const problems = (next.listen.tls ?? []).flatMap((one, index) => {
    const problem = known.has(one.certificate) ? null : whyInvalid(one);
    return problem === null ? [] : [`listen.tls[${index}].certificate ${problem}`];
  });
  if (problems.length === 0) return;
  throw new OperatorError(`No change was applied: ${problems.join(', ')}. The certificates in use are kept.`);
}

function whyInvalid({ certificate }: ListenTlsSettings[number]): string | null {
  const [leaf] = certificatesIn(certificate);
  if (leaf === undefined) return 'holds no certificate';
  const now = Date.now();
  if (leaf.validToDate.getTime() <= now) return `has expired on ${dayOf(leaf.validToDate)}`;
  if (leaf.validFromDate.getTime() > now) return `is valid only from ${dayOf(leaf.validFromDate)} on`;
  return null;
}

function dayOf(date: Date): string {
  return date.toISOString().slice(0, 10);
}
