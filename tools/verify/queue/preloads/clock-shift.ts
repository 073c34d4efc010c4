// Loaded before a process, as `clock-shift.ts?ms=…`: its wall clock is so far off. Timers and the
// monotonic clock go on as they do when somebody sets a machine's clock.
const ms = Number(new URL(import.meta.url).searchParams.get('ms'));
const RealDate = Date;

class ShiftedDate extends RealDate {
  constructor(...given: unknown[]) {
    if (given.length === 0) super(RealDate.now() + ms);
    else super(...(given as [number]));
  }

  static override now(): number {
    return RealDate.now() + ms;
  }
}

globalThis.Date = ShiftedDate as DateConstructor;
