import { basic } from '../lab/gateways/gateway.ts';

/** The bytes of a request: its lines with the ends that HTTP wants, then the body as it is. */
export function message(lines: readonly string[], body = ''): string {
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}

/** A `Basic` line with the credentials. */
export function authorization(who: { email: string; password: string }): string {
  return `Authorization: ${basic(who)}`;
}

export function bodyOf(answer: string): string {
  return answer.slice(answer.indexOf('\r\n\r\n') + 4);
}

/** The values of a field of an answer, one for each line of it. */
export function fieldsOf(answer: string, name: string): string[] {
  const head = answer.slice(0, answer.indexOf('\r\n\r\n'));
  return head
    .split('\r\n')
    .filter((line) => line.toLowerCase().startsWith(`${name.toLowerCase()}: `))
    .map((line) => line.slice(name.length + 2));
}
