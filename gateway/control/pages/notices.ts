import type { Notice } from './views/layout.ts';

/** The notices about the previous step. The URL only names one of them, so that a link cannot inject text (content spoofing). */
const NOTICES = {
  'logged-out': { kind: 'done', text: 'You are logged out.' },
  everywhere: { kind: 'done', text: 'All of your tokens and sessions have ended.' },
  confirmed: { kind: 'done', text: 'Your email is confirmed. Log in, and your account is ready.' },
  ready: { kind: 'done', text: 'Your email is confirmed: your account is ready.' },
  'new-password': { kind: 'done', text: 'Your password is changed.' },
  'new-email': { kind: 'done', text: 'Your email is changed. Log in with the new one.' },
  moved: { kind: 'done', text: 'Your email is changed.' },
  sent: { kind: 'done', text: 'The message is on its way.' },
  revoked: { kind: 'done', text: 'The token is revoked: it opens nothing any more.' },
  shown: {
    kind: 'problem',
    text: 'A new token is shown once. If you have not copied it, revoke it and create another.',
  },
  'no-token': { kind: 'problem', text: 'There is no such token any more.' },
  again: { kind: 'problem', text: 'Please log in: you were not, or have been logged out meanwhile.' },
  stale: { kind: 'problem', text: 'That form was too old, or your browser keeps no cookies. Please send it again.' },
} as const satisfies Record<string, Notice>;

export type NoticeName = keyof typeof NOTICES;

/** The query that makes the next page show the notice. */
export function noticeQuery(name: NoticeName): string {
  return `?done=${name}`;
}

/** @param query as Koa parses it */
export function noticeOf({ done }: { readonly done?: string | string[] | undefined }): Notice | null {
  return typeof done === 'string' && Object.hasOwn(NOTICES, done) ? NOTICES[done as NoticeName] : null;
}
