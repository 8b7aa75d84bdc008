/** A value of a configuration. */
export type Value = null | boolean | number | string | Value[] | { [key: string]: Value };

function words(text: string): [string, ...string[]] {
  return text.split(' ') as [string, ...string[]];
}

/** Names of options that a program may stumble over. */
export const ODD_KEYS: readonly [string, ...string[]] = [
  ...words('__proto__ constructor toString hasOwnProperty << 0 -1 length null $schema * ~'),
  ...words('\ud800 a\nb \x1b[2J \u202e'),
  ...['', ' ', 'x'.repeat(300)],
];

/** Values that some reader takes for others, or that are at the edge of what an option takes. */
export const ODD_VALUES: readonly [Value, ...Value[]] = [
  null,
  ...[true, false, 0, -0, -1, 0.5, 1e21, 2 ** 31, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY],
  ...['', ' ', '\0', '\n', 'x'.repeat(2_000), 'GET ', 'Name <a@b>', 'a@b\r\nBcc: c@d'],
  ...[[], {}, [[]] as Value[], [null] as Value[], [{}] as Value[], { a: {} }],
  ...words('\ud800 \u202e \x9b31m 0s 1ms 999999999d 0b 999999999999gb 1e9 0x10 0o17 -0 1_000 NaN auto'),
  ...words('/ // /.. /%2e /* * .* ^(a+)+$ [ ( \\ $1 a/b get TRACE " \' {} []'),
  ...words('http:// http://[ http://[::1%25a] http://a:b@c http://h:99999 https://xn-- unix: unix:/'),
  ...words('0.0.0.0/0 ::/0 10.0.0.0/33 ::ffff:1.2.3.4/96 1.2.3 fe80::1%lo 999.1.1.1'),
  ...words('sqlite::memory: sqlite: mysql://a@b/c postgres://a@/b?host=/x redis:// redis+cluster://a,b'),
  ...words('smtp://h smtps://u:p@h:0 folder: <a@b>'),
  ...words(`\${TOKEN_SECRET} \${UNSET} \${UNSET:-} \${UNSET:-x} $\${x} \${ \${} \${file:} \${file:/}`),
  ...words(`\${file:no-such-file} \${NUMBER} \${LINES} \${SELF}`),
  '-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----',
];

/** What a YAML text may have anywhere. */
export const SYNTAX: readonly [string, ...string[]] = [
  ...words('*a <<:*a {<<:*a} " \' { } [ ] \t \r \n \ufeff \u2028 \x85 \0 ~ @ `'),
  ...['&a ', '<<: *a', '<<: [*a, *a]', '<<: 5', '&a [*a]', '&a {<<: *a}', '{a: &a {b: *a}}'],
  ...['!!binary ', '!!set ', '!!omap ', '!!float ', '!x ', '!!str ', '%YAML 1.1\n', '%TAG ! x\n'],
  ...['? ', ': ', '- ', ', ', '---\n', '...\n', '# ', '| ', '>-\n'],
];
