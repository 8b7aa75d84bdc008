import type { Random } from '../random.ts';

/** What messages have been smuggled with. */
const DANGEROUS: readonly [string, ...string[]] = [
  '\r\n',
  '\n',
  '\r',
  '\r\r\n',
  '\n\r',
  '\r\n\r\n',
  '\n\n',
  '\0',
  ' ',
  '\t',
  ':',
  '\x0b',
  '\x0c',
  '\x7f',
  '\x80',
  '\x85',
  '\xa0',
  '\xff',
  ';',
  ',',
  '=',
  '"',
  '\r\n ',
  '\r\n\t',
  ' \r\n',
  '0',
  '-1',
  '+1',
  '0x1',
  ...(['Content-Length: 5\r\n', 'Content-Length: 0\r\n', 'Transfer-Encoding: chunked\r\n', 'Host: b\r\n'] as const),
  ...(['Connection: close\r\n', ' HTTP/1.1\r\n', 'GET /b HTTP/1.1\r\n', '0\r\n\r\n', '5\r\nabcde\r\n'] as const),
];

/** Changes a few bytes of a message. */
export function mutate(random: Random, bytes: Buffer): Buffer {
  let mutated = bytes;
  for (let changes = 1 + random.below(3); changes > 0; changes -= 1) mutated = changed(random, mutated);
  return mutated;
}

function changed(random: Random, bytes: Buffer): Buffer {
  const at = random.below(bytes.length + 1);
  const size = 1 + random.below(random.mostly(4, 3, 40));
  switch (random.below(7)) {
    case 0:
    case 1:
      return spliced(bytes, at, 0, Buffer.from(random.of(DANGEROUS), 'latin1'));
    case 2:
      return spliced(bytes, at, 1, Buffer.from(random.of(DANGEROUS), 'latin1'));
    case 3:
      return spliced(bytes, at, 1, Buffer.of(random.below(256)));
    case 4:
      return spliced(bytes, at, size, Buffer.alloc(0));
    case 5:
      return spliced(bytes, at, 0, bytes.subarray(at, at + size));
    default: {
      const flipped = Buffer.from(bytes);
      if (at < bytes.length) flipped[at] = (flipped[at] as number) ^ (1 << random.below(8));
      return flipped;
    }
  }
}

function spliced(bytes: Buffer, at: number, removed: number, added: Buffer): Buffer {
  return Buffer.concat([bytes.subarray(0, at), added, bytes.subarray(at + removed)]);
}
