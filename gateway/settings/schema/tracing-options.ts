import { z } from 'zod';
import { matching, options } from './formats.ts';

const URL_FORM =
  'must be the URL of an OTLP collector, such as http://otel-collector:4318, without user and query, or empty for none';
const PERCENT = /^(?:100|\d{1,2}(?:\.\d{1,4})?)%$/;
const PERCENT_FORM = 'must be a percentage in quotes or plain, such as 1%, 0.1% or 100%';
/** RFC 9110: a token, and a value without controls. */
const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const VALUE = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;

/** @param endpoint of the environment; empty: none */
export function tracingOptions(endpoint: () => string) {
  return options({
    url: collectorUrl()
      .prefault(endpoint)
      .describe(
        'The OTLP collector (HTTP, protobuf) that gets spans; /v1/traces is added to a URL without a path. Empty: none.',
      ),
    sample: z
      .string({ error: PERCENT_FORM })
      .regex(PERCENT, { error: PERCENT_FORM })
      .transform((text) => Number(text.slice(0, -1)) / 100)
      .prefault('1%')
      .describe(
        'The share of requests that is recorded. For requests from `trustedProxies` with `traceparent`, its flag decides.',
      ),
    name: matching(/^[\w .:/-]{1,100}$/, 'must be 1 to 100 letters, digits, spaces and ".", ":", "/", "_", "-"')
      .prefault('gatehouse')
      .describe('`service.name` of the spans.'),
    headers: z
      .record(
        z.string().regex(NAME, { error: 'is not the name of a header field' }),
        z.string({ error: 'must be text' }).regex(VALUE, { error: 'must be one line of printable ASCII' }),
        { error: 'must be a map from the names of header fields to their values' },
      )
      .prefault({})
      .describe('Header fields for the collector, such as `authorization`.'),
  });
}

/** The URL that spans are posted to; null when it is empty. */
function collectorUrl() {
  return z.string({ error: URL_FORM }).transform((text, context): string | null => {
    if (text === '') return null;
    const url = URL.parse(text);
    const isPlain = url !== null && url.username === '' && url.password === '' && url.search === '' && url.hash === '';
    if (!isPlain || !/^https?:$/.test(url.protocol)) {
      // Not repeated: it may hold a password.
      context.addIssue({ code: 'custom', message: URL_FORM });
      return z.NEVER;
    }
    const path = url.pathname.replace(/\/$/, '');
    return url.origin + (path === '' ? '/v1/traces' : path);
  });
}
