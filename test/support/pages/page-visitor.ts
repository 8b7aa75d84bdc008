import { request } from 'undici';
import { sentBack } from './session-pages.ts';

/** The visible content of a page. */
export interface Shown {
  readonly status: number;
  readonly location: string | null;
  readonly body: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** A minimal browser: keeps cookies, and submits the forms of pages. It follows no redirects by itself. */
export interface Visitor {
  get(path: string): Promise<Shown>;
  /** Submits a form of the page at `from`. @param from by default the form's own path */
  post(path: string, fields: Record<string, string>, from?: string): Promise<Shown>;
  /** Posts only these fields. */
  send(path: string, fields: Record<string, string>, headers?: Record<string, string>): Promise<Shown>;
  /** The value of `Cookie`. */
  cookie(): string;
}

export function visitor(url: string): Visitor {
  const cookies = new Map<string, string>();
  const cookie = () => [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');

  const ask = async (path: string, fields: Record<string, string> | null, more: Record<string, string> = {}) => {
    const answer = await request(url + path, {
      method: fields === null ? 'GET' : 'POST',
      headers: {
        ...(cookies.size > 0 && { cookie: cookie() }),
        ...(fields !== null && { 'content-type': 'application/x-www-form-urlencoded' }),
        ...more,
      },
      body: fields === null ? null : new URLSearchParams(fields).toString(),
    });
    for (const line of [answer.headers['set-cookie'] ?? []].flat()) {
      const [name = '', value = ''] = sentBack(line).split(/=(.*)/s);
      if (value === '' || /expires=Thu, 01 Jan 1970/i.test(line)) cookies.delete(name);
      else cookies.set(name, value);
    }
    const { location = null } = answer.headers as { location?: string };
    return { status: answer.statusCode, location, body: await answer.body.text(), headers: answer.headers };
  };

  return {
    get: (path) => ask(path, null),
    async post(path, fields, from = path) {
      const { body } = await ask(from, null);
      const [, token = ''] = /name="form_token" value="([^"]*)"/.exec(body) ?? [];
      return await ask(path, { form_token: token, ...fields }, { 'sec-fetch-site': 'same-origin' });
    },
    send: (path, fields, headers) => ask(path, fields, headers),
    cookie,
  };
}
