import type { Scope } from '../access/scopes.ts';
import { badRequest } from '../domain/errors.ts';

/**
 * Reads the scope that an owner asks for: names separated by single spaces, in any order (RFC 6749 section 3.3).
 *
 * @param allowed the scopes that the account may have
 * @returns the names in the order of the configuration
 * @throws GatewayError 400 for anything else than these scopes, without telling which other scopes there are
 */
export function wishedScope(text: string, allowed: readonly Scope[]): readonly string[] {
  const wished = text.split(' ');
  const names = allowed.map(({ name }) => name);
  if (wished.every((name) => names.includes(name))) return names.filter((name) => wished.includes(name));
  throw badRequest(
    names.length === 0
      ? 'scope must be left out: the account may have no scope'
      : `scope must be one or more of ${names.join(' ')}, separated by single spaces`,
  );
}
