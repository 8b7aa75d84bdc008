/** Which octets may stand where in a message, by the grammar of RFC 9110 section 5. */

const TOKEN_CHARACTERS = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

function tableOf(holds: (octet: number) => boolean): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, octet) => (holds(octet) ? 1 : 0));
}

/** 1 for each octet of a token, such as a field name. */
export const TOKEN = tableOf((octet) => TOKEN_CHARACTERS.includes(String.fromCharCode(octet)));
/** 1 for each octet that a field value may contain: tab, space, visible ASCII and obs-text. */
export const FIELD_VALUE = tableOf((octet) => octet === 0x09 || (octet >= 0x20 && octet !== 0x7f));
/** 1 for each visible octet of ASCII. */
export const VISIBLE = tableOf((octet) => octet > 0x20 && octet < 0x7f);

export const CR = 0x0d;
export const LF = 0x0a;
export const SP = 0x20;
export const TAB = 0x09;
export const COLON = 0x3a;
