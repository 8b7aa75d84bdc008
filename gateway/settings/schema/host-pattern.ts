import { isIP, isIPv4 } from 'node:net';
import { domainToASCII } from 'node:url';
import { z } from 'zod';
import { comparableHost, LONGEST_HOST_NAME } from '../../fields/host.ts';

const FORM = 'must be a host such as shop.example.com, or *.shop.example.com for all hosts below it';
/** Letters, digits, hyphens and underscores, which names of containers have. */
const LABEL = /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/i;

/** A host of requests, or a pattern, in the form in which hosts are compared. */
export function hostPattern() {
  return z
    .string({ error: FORM })
    .superRefine((text, context) => {
      const message = hostProblem(text);
      if (message !== null) context.addIssue({ code: 'custom', message });
    })
    .transform((text) => comparableHost(isIP(text) === 6 ? `[${text}]` : text));
}

/** @returns the problem with what would be right, or null */
function hostProblem(text: string): string | null {
  if (text === '') return `is empty; ${FORM}`;
  if (text === '*') return 'is * alone; must be left out, which means every host';
  if (/^\w+:\/\//.test(text)) return `is a URL; ${FORM}`;
  const name = text.startsWith('*.') ? text.slice(2) : text;
  if (name.includes('*')) return `has an asterisk that is not its first label; ${FORM}`;
  const isPattern = name !== text;
  const address = /^\[(.*)\]$/.exec(name)?.[1] ?? name;
  if (!address.includes('%') && (isIP(address) === 6 || isIPv4(name))) {
    return isPattern
      ? 'is an address after *., and addresses have no hosts below them; must be the address alone'
      : null;
  }
  if (/:\d*$/.test(name)) return `has a port, and hosts are compared without it; ${FORM}`;
  if (/[^\x21-\x7e]/.test(name)) return notAsciiProblem(name, isPattern);
  const labels = (name.endsWith('.') ? name.slice(0, -1) : name).split('.');
  if (!labels.every((label) => LABEL.test(label)) || name.length > LONGEST_HOST_NAME)
    return `is not a host name; ${FORM}`;
  // Browsers read a name whose last label is a number as an IPv4 address (URL standard).
  if (/^\d+$/.test(labels.at(-1) ?? '')) return `ends with a number, and is no IPv4 address; ${FORM}`;
  return null;
}

/** Clients send the ASCII form of an internationalised name (RFC 5890). */
function notAsciiProblem(name: string, isPattern: boolean): string {
  const ascii = domainToASCII(name);
  if (ascii === '' || /\s/.test(name)) return `is not a host name; ${FORM}`;
  return `is not ASCII, and clients send the ASCII form; must be ${isPattern ? '*.' : ''}${ascii}`;
}
