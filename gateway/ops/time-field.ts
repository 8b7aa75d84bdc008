let second = Number.NaN;
let upToSecond = '';

/**
 * The time of a log line as a field of its JSON, such as `,"time":"2026-01-31T12:00:00.000Z"`.
 *
 * @param now milliseconds since 1970
 */
export function timeField(now = Date.now()): string {
  const milliseconds = now % 1_000;
  if (now - milliseconds !== second) {
    second = now - milliseconds;
    // Cached for each second: formatting a date costs more than the rest of a line.
    upToSecond = `,"time":"${new Date(second).toISOString().slice(0, -'000Z'.length)}`;
  }
  const digits = milliseconds < 10 ? `00${milliseconds}` : milliseconds < 100 ? `0${milliseconds}` : `${milliseconds}`;
  return `${upToSecond}${digits}Z"`;
}
