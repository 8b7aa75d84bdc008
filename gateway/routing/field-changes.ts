import { foldedName } from '../fields/name.ts';
import type { FieldChanges } from '../forward/outgoing.ts';
import type { RouteSettings } from '../settings/schema/settings.ts';

/** The changes of a route to the fields of requests and answers; `undefined`: none. */
export interface RouteChanges {
  readonly request: FieldChanges | undefined;
  readonly answer: FieldChanges | undefined;
  /** As `answer`, with `Strict-Transport-Security`, for clients that use https. */
  readonly answerOverHttps: FieldChanges | undefined;
}

type Written = NonNullable<RouteSettings['headers']>['request'];

const NOTHING: Written = { set: {}, remove: [] };

/** @param strictTransport the value of `Strict-Transport-Security`; null: the gateway sends none */
export function compileChanges({ headers }: RouteSettings, strictTransport: string | null): RouteChanges {
  const { request = NOTHING, response = NOTHING } = headers ?? {};
  const overHttps =
    strictTransport === null
      ? response
      : { ...response, set: { ...response.set, 'Strict-Transport-Security': strictTransport } };
  return {
    request: compiled(request, foldedName),
    answer: compiled(response, lowerCase),
    answerOverHttps: compiled(overHttps, lowerCase),
  };
}

function compiled({ set, remove }: Written, asCompared: (name: string) => string): FieldChanges | undefined {
  const names = [...Object.keys(set), ...remove];
  if (names.length === 0) return undefined;
  return { replaced: new Set(names.map(asCompared)), set: Object.entries(set).flat() };
}

function lowerCase(name: string): string {
  return name.toLowerCase();
}
