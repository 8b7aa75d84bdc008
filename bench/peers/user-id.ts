import { OperatorError } from '../../gateway/domain/errors.ts';
import { ADA } from '../../test/lab/gateways/gateway.ts';
import { USER_ID_PATH } from '../harness/upstream.ts';
import type { Peer } from './peer.ts';

/** What a server does where a client says by itself who it is. */
export type OnForgery =
  | 'sets the account'
  | "sets the account and passes the client's beside it"
  | "passes the client's"
  | 'sets none';

/** By the spelling of the forged field; a service behind CGI, WSGI or Rack cannot tell the two apart. */
export type OnForgeries = Readonly<Record<'X-User-Id' | 'x_user_id', OnForgery>>;

const FORGED = '999';

/**
 * Looks at what a server tells the upstream about a client that is Ada and says that it is somebody else.
 *
 * @param headers of Ada
 * @throws {OperatorError} When it does not tell of Ada as it claims, also where nothing is forged.
 */
export async function forgeUserId(
  { label, userId }: Pick<Peer, 'label' | 'userId'>,
  { url }: { readonly url: string },
  headers: Record<string, string>,
): Promise<OnForgeries> {
  const account = userId === null ? null : { id: '1', email: ADA.email }[userId];
  const told = await toldUpstream(url, headers);
  if (account !== null && (told.length !== 1 || told[0] !== account)) {
    throw new OperatorError(`${label} does not tell the upstream of ${account}, but ${JSON.stringify(told)}.`);
  }
  const onForgery = async (spelling: string): Promise<OnForgery> => {
    const values = await toldUpstream(url, { ...headers, [spelling]: FORGED });
    const [isSet, isPassed] = [account !== null && values.includes(account), values.includes(FORGED)];
    if (isSet) return isPassed ? "sets the account and passes the client's beside it" : 'sets the account';
    if (isPassed) return "passes the client's";
    if (values.length === 0) return 'sets none';
    throw new OperatorError(`${label} makes ${JSON.stringify(values)} of ${spelling}: ${FORGED}.`);
  };
  return { 'X-User-Id': await onForgery('X-User-Id'), x_user_id: await onForgery('x_user_id') };
}

async function toldUpstream(url: string, headers: Record<string, string>): Promise<string[]> {
  const answer = await fetch(url + USER_ID_PATH, { headers, redirect: 'manual', signal: AbortSignal.timeout(10_000) });
  const body = await answer.text();
  if (answer.status !== 200) throw new OperatorError(`${url} answered ${answer.status} ${body.slice(0, 200)}`);
  return JSON.parse(body) as string[];
}
