import { randomBytes } from 'node:crypto';

/** Digits made at a time: asking the system for few random bytes costs nearly as much as for many. */
const SUPPLY = 8_192;

let supply = '';
let taken = 0;

/** Random lower-case hexadecimal digits, for unique names. @param digits at most `SUPPLY` */
export function randomHex(digits: number): string {
  if (taken + digits > supply.length) {
    supply = randomBytes(SUPPLY / 2).toString('hex');
    taken = 0;
  }
  taken += digits;
  return supply.slice(taken - digits, taken);
}
