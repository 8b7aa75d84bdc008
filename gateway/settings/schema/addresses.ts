import { isIP } from 'node:net';

export const SERVER_FORM = 'must be an http:// or https:// URL such as http://127.0.0.1:9000, or unix:/path/of/socket';
export const UPSTREAM_FORM =
  'must be an http:// or https:// URL such as http://127.0.0.1:9000, or a list of them, or the name of a group in upstreams';

/** The name of a group of upstreams. */
export const GROUP_NAME = /^[a-z0-9][a-z0-9_-]*$/;

/** @returns the problem of the `upstream` of a route, or null */
export function upstreamProblem(text: string): string | null {
  return GROUP_NAME.test(text) ? null : addressProblem(text, UPSTREAM_FORM);
}

/** @returns the problem of the address of a server, or null */
export function serverProblem(text: string): string | null {
  return addressProblem(text, SERVER_FORM);
}

function addressProblem(text: string, form: string): string | null {
  if (text.startsWith('unix:')) return /^unix:\/[^\0]*[^\0/]$/.test(text) ? null : `names no socket; ${form}`;
  if (!/^https?:\/\//.test(text)) return `does not begin with http:// or https://; ${form}`;
  if (/[\s\\]/.test(text) || !URL.canParse(text)) return `is not a valid URL; ${form}`;
  if (/[?#]/.test(text)) return `has a "?" or "#" part, which the request's own would replace; ${form}`;
  const { username, password, port } = new URL(text);
  if (username !== '' || password !== '') return `has a user or password, which upstreams would not get; ${form}`;
  if (port === '0') return `has port 0; ${form}`;
  return null;
}

/** A status of an answer, or a range of them. */
export function isStatusRange(text: string): boolean {
  const [from, to] = statusRange(text);
  return /^[1-5]\d\d(?:-[1-5]\d\d)?$/.test(text) && from <= to;
}

/** @returns the first status and the last one, of text that `isStatusRange` */
export function statusRange(text: string): [from: number, to: number] {
  const [from, to = from] = text.split('-').map(Number);
  return [from ?? Number.NaN, to ?? Number.NaN];
}

/** An IP address, or a host name without port. */
export function isHost(text: string): boolean {
  return isIP(text) !== 0 || (/^(?=.*[a-z])[a-z0-9.-]+$/i.test(text) && URL.canParse(`http://${text}`));
}

/** An IP address or a CIDR. */
export function isNetwork(text: string): boolean {
  const [address = '', length, ...rest] = text.split('/');
  const family = address.includes('%') ? 0 : isIP(address);
  const isLength = length === undefined || (/^\d{1,3}$/.test(length) && Number(length) <= (family === 6 ? 128 : 32));
  return family !== 0 && isLength && rest.length === 0;
}
