import test from 'ava';
import { INCOMPLETE, MALFORMED, readFieldLines } from '../../gateway/http/field-lines.ts';

/** @returns the fields and what is behind them, or `INCOMPLETE` or `MALFORMED` */
function read(lines: string): readonly string[] | number {
  const fields: string[] = [];
  const next = readFieldLines(Buffer.from(`abc${lines}`, 'latin1'), 3, lines, 0, fields, []);
  return next < 0 ? next : [...fields, lines.slice(next)];
}

const LINES: Readonly<Record<string, readonly [line: string, name: string, value: string]>> = {
  'a field': ['Name: value\r\n', 'Name', 'value'],
  'whitespace around a value': ['a:\t \tb c\t d \t\r\n', 'a', 'b c\t d'],
  'an empty value': ['a:\r\n', 'a', ''],
  'whitespace alone': ['a: \t\r\n', 'a', ''],
  colons: ['a:::\r\n', 'a', '::'],
  'obs-text': ['a:\x80\xff\r\n', 'a', '\x80\xff'],
};

for (const [name, [line, ...field]] of Object.entries(LINES)) {
  test(`${name}: is read once the blank line is complete`, (t) => {
    const lines = `${line}b: c\r\n\r\n`;
    t.deepEqual(read(lines), [...field, 'b', 'c', '']);
    t.deepEqual(read(`${lines}d: e`), [...field, 'b', 'c', 'd: e']);
    for (let cut = 0; cut < lines.length; cut += 1) t.is(read(lines.slice(0, cut)), INCOMPLETE, `${cut}`);
  });
}

test('no fields are read at the blank line', (t) => {
  t.is(read('\r'), INCOMPLETE);
  t.deepEqual(read('\r\na'), ['a']);
  t.is(read('\r\r'), MALFORMED);
  t.is(read('\n'), MALFORMED);
});

test('of all octets, tokens alone are in names, and controls are not in values', (t) => {
  const all = Array.from({ length: 256 }, (_, octet) => String.fromCharCode(octet));
  const inNames = all.filter((octet) => typeof read(`a${octet}b: c\r\n\r\n`) !== 'number' && octet !== ':');
  t.deepEqual(
    inNames,
    all.filter((octet) => /[!#$%&'*+\-.^_`|~0-9A-Za-z]/.test(octet)),
  );
  const inValues = all.filter((octet) => typeof read(`a: b${octet}c\r\n\r\n`) !== 'number');
  t.deepEqual(
    inValues,
    all.filter((octet) => /[\t\x20-\x7e\x80-\xff]/.test(octet)),
  );
});

for (const line of [
  ': b\r\n',
  ' a: b\r\n',
  'a : b\r\n',
  'a\t: b\r\n',
  'a\r\n',
  'a: b\n',
  'a: b\rc\r\n',
  'a: b\r\r\n',
]) {
  test(`${JSON.stringify(line)} is no field line`, (t) => {
    t.is(read(`${line}\r\n`), MALFORMED);
  });
}
