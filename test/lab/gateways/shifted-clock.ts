// Preloaded (`--import`), this shifts the wall clock of a program by CLOCK_SHIFT milliseconds. Timers, the monotonic clock and
// other programs are not affected.

const shift = Number(process.env.CLOCK_SHIFT ?? 0);
const TrueDate = Date;

class ShiftedDate extends TrueDate {
  constructor(...args: [] | [number]) {
    if (args.length === 0) super(TrueDate.now() + shift);
    else super(...args);
  }
  static override now(): number {
    return TrueDate.now() + shift;
  }
}

globalThis.Date = ShiftedDate as DateConstructor;
