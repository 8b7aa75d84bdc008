import { randomBytes } from 'node:crypto';

/** Digits that are made at a time: to ask for few costs nearly as much as to ask for many. */
const SUPPLY = 8_192;

let supply = '';
let taken = 0;

/** Random hexadecimal digits, in lower case, for names that must not meet. @param digits at most a supply's */
export function randomHex(digits: number): string {
  if (taken + digits > supply.length) {
    supply = randomBytes(SUPPLY / 2).toString('hex');
    taken = 0;
  }
  taken += digits;
  return supply.slice(taken - digits, taken);
}
