import test from 'ava';
import { createFrameCounter } from '../../../gateway/forward/websocket/frame-counter.ts';

/** Sizes on either side of where the form of the length changes (RFC 6455 section 5.2). */
const SIZES = [0, 1, 125, 126, 127, 128, 65_535, 65_536, 70_000];

test('a frame of any size, masked or not, is over at its last byte and not before', (t) => {
  for (const size of SIZES) {
    for (const isMasked of [false, true]) {
      const bytes = frame({ size, isMasked });
      const frames = createFrameCounter();
      t.is(frames.missing(), 0);
      frames.count(bytes.subarray(0, -1));
      t.true(frames.missing() > 0, `${size} ${isMasked}`);
      frames.count(bytes.subarray(-1));
      t.is(frames.missing(), 0, `${size} ${isMasked}`);
    }
  }
});

test('every way to cut a row of frames in two comes to the same', (t) => {
  // A message in fragments with a ping between them, then one with a length of each form.
  const row = [
    frame({ size: 3, opcode: 1, isFinal: false }),
    frame({ size: 0, opcode: 9 }),
    frame({ size: 2, opcode: 0, isMasked: true }),
    frame({ size: 300, isMasked: true }),
    frame({ size: 66_000 }),
  ];
  const bytes = Buffer.concat(row);
  const ends = new Set(endsOf(row));
  // Within the last payload one place is like the other.
  const places = Array.from({ length: 360 }, (_, i) => i).concat([30_000, bytes.length - 1, bytes.length]);
  for (const at of places) {
    const frames = createFrameCounter();
    frames.count(bytes.subarray(0, at));
    t.is(frames.missing() === 0, at === 0 || ends.has(at), `cut at ${at}`);
    frames.count(bytes.subarray(at));
    t.is(frames.missing(), 0, `cut at ${at}`);
  }
});

test('byte by byte, it is between two frames exactly where one ends', (t) => {
  const row = [0, 125, 126, 400].flatMap((size) => [frame({ size }), frame({ size, isMasked: true })]);
  const bytes = Buffer.concat(row);
  const frames = createFrameCounter();
  const between: number[] = [];
  for (let at = 0; at < bytes.length; at++) {
    frames.count(bytes.subarray(at, at + 1));
    if (frames.missing() === 0) between.push(at + 1);
  }
  t.deepEqual(between, endsOf(row));
});

test('what is missing of a payload is said to the byte', (t) => {
  const bytes = frame({ size: 70_000 });
  const frames = createFrameCounter();
  frames.count(bytes.subarray(0, bytes.length - 4_321));
  t.is(frames.missing(), 4_321);
});

test('the rest of a frame is taken, wherever it was cut, and nothing of what follows', (t) => {
  for (const first of [frame({ size: 300, isMasked: true }), frame({ size: 0 }), frame({ size: 5 })]) {
    const next = frame({ size: 10 });
    for (let at = 1; at < first.length; at++) {
      const frames = createFrameCounter();
      frames.count(first.subarray(0, at));
      const rest = frames.takeRest(Buffer.concat([first.subarray(at), next]));
      t.deepEqual(rest, first.subarray(at), `cut at ${at}`);
      t.is(frames.missing(), 0);
    }
  }
});

test('the rest of a frame may come in pieces', (t) => {
  const bytes = frame({ size: 200, isMasked: true });
  const frames = createFrameCounter();
  frames.count(bytes.subarray(0, 1));
  const taken: Buffer[] = [];
  for (let at = 1; at < bytes.length; at += 7) taken.push(frames.takeRest(bytes.subarray(at, at + 7)));
  t.deepEqual(Buffer.concat(taken), bytes.subarray(1));
  t.is(frames.missing(), 0);
});

function endsOf(row: readonly Buffer[]): number[] {
  let end = 0;
  return row.map(({ length }) => {
    end += length;
    return end;
  });
}

function frame({ size, isMasked = false, opcode = 2, isFinal = true }: FrameForm): Buffer {
  const mask = isMasked ? 0x80 : 0;
  const first = (isFinal ? 0x80 : 0) | opcode;
  const head = size < 126 ? Buffer.from([first, mask | size]) : Buffer.alloc(size < 65_536 ? 4 : 10);
  if (size >= 126) {
    head[0] = first;
    head[1] = mask | (size < 65_536 ? 126 : 127);
    if (size < 65_536) head.writeUInt16BE(size, 2);
    else head.writeBigUInt64BE(BigInt(size), 2);
  }
  // Of bytes that would each be a head of their own.
  return Buffer.concat([head, Buffer.alloc(isMasked ? 4 : 0, 0x7f), Buffer.alloc(size, 0xff)]);
}

interface FrameForm {
  readonly size: number;
  readonly isMasked?: boolean;
  readonly opcode?: number;
  readonly isFinal?: boolean;
}
