export interface FrameCounter {
  count(chunk: Buffer): void;
  /** Bytes missing from the current frame, at least; 0 between two frames. */
  missing(): number;
  /** Counts and returns the bytes that belong to the current frame; the rest of the chunk is dropped. */
  takeRest(chunk: Buffer): Buffer;
}

/** Tracks the boundaries of frames (RFC 6455 section 5.2), in whichever pieces they arrive. */
export function createFrameCounter(): FrameCounter {
  const head = Buffer.alloc(14);
  let headHas = 0;
  let payload = 0;

  /** Takes a byte of a frame's head; sets `payload` when the head is complete. */
  const takeHeadByte = (byte: number) => {
    head[headHas] = byte;
    headHas += 1;
    if (headHas < 2) return;
    const short = (head[1] as number) & 0x7f;
    const masked = ((head[1] as number) & 0x80) !== 0;
    const extended = short === 126 ? 2 : short === 127 ? 8 : 0;
    if (headHas < 2 + extended + (masked ? 4 : 0)) return;
    headHas = 0;
    payload = extended === 2 ? head.readUInt16BE(2) : extended === 8 ? Number(head.readBigUInt64BE(2)) : short;
  };

  /** @returns where the first frame that ends in the chunk ends, or the length of the chunk */
  const take = (chunk: Buffer, from: number): number => {
    let at = from;
    while (at < chunk.length) {
      if (payload > 0) {
        const taken = Math.min(payload, chunk.length - at);
        payload -= taken;
        at += taken;
      } else {
        takeHeadByte(chunk[at] as number);
        at += 1;
      }
      if (payload === 0 && headHas === 0) break;
    }
    return at;
  };

  return {
    count(chunk) {
      for (let at = 0; at < chunk.length; ) at = take(chunk, at);
    },
    missing: () => (headHas > 0 ? 1 : payload),
    takeRest: (chunk) => chunk.subarray(0, take(chunk, 0)),
  };
}
