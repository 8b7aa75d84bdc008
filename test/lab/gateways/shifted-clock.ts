// Loaded before a program (`--import`), this sets its clock wrong by CLOCK_SHIFT milliseconds. Only its own: timers, the
// monotonic clock and other programs go by the true one.

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
