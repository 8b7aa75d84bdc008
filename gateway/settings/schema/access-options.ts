import { z } from 'zod';
import { ACCESS_NAME_FORM, isAccessName } from '../../domain/access-name.ts';
import { flag, listOf, matching, options, textThat } from './formats.ts';

const NAME_RULE = `must be a name of ${ACCESS_NAME_FORM}`;
/** The names of all scopes are part of a token, which must fit into the head of a request. */
const MOST_SCOPES = 100;

const scopeName = textThat(isAccessName, `${NAME_RULE}, such as orders:read`);
const groupName = textThat(isAccessName, `${NAME_RULE}, such as staff`);

function groupNames() {
  return listOf(groupName, 'must be a list of groups, such as [staff]').refine((names) => names.length > 0, {
    error: 'is an empty list, which no account can satisfy; must name a group, or be left out',
  });
}

const scope = z
  .preprocess(
    (value) => (typeof value === 'string' ? { text: value } : value),
    options({
      text: matching(
        /^(?!\s)\P{Cc}{1,200}$/u,
        'must be a line of text of at most 200 characters, such as See orders',
      ).describe('What a token with this scope may do, as the owner of an account reads it on the pages.'),
      groups: groupNames()
        .exactOptional()
        .describe('Only members of one of these groups may have it; everybody when left out.'),
    }),
  )
  .meta({ shorthand: true });

/** Names, each with a scope. */
export function scopeOptions() {
  return z
    .record(z.string(), scope, { error: 'must be a map from names of scopes to their texts' })
    .superRefine((scopes, context) => {
      for (const name of Object.keys(scopes)) {
        if (isAccessName(name)) continue;
        context.addIssue({ code: 'custom', path: [name], message: `has a name that is none; the name ${NAME_RULE}` });
      }
      if (Object.keys(scopes).length <= MOST_SCOPES) return;
      context.addIssue({ code: 'custom', message: `has more than ${MOST_SCOPES} scopes; must have fewer` });
    })
    .prefault({})
    .describe('What a token can be restricted to: names, each with a text, or a map with text and groups.');
}

/** `requires` of a route. */
export const requires = options({
  scopes: listOf(scopeName, 'must be a list of scopes, such as [orders:read]')
    .refine((names) => names.length > 0, { error: 'is an empty list; must name a scope, or be left out' })
    .exactOptional()
    .describe('The scopes that the credentials must have, all of them.'),
  groups: groupNames().exactOptional().describe('The groups of which the account must be in one.'),
});

export type RequiresSettings = z.output<typeof requires>;

/** What upstreams learn of the account besides `X-User-Id`. */
export function identityOptions() {
  return options({
    scopes: flag()
      .prefault(false)
      .describe('Whether upstreams receive the scopes of the credentials in X-User-Scopes, separated by spaces.'),
    groups: flag()
      .prefault(false)
      .describe(
        'Whether upstreams receive the groups of the account that this file names in X-User-Groups, separated by commas.',
      ),
    email: flag().prefault(false).describe('Whether upstreams receive the email of the account in X-User-Email.'),
  })
    .prefault({})
    .describe('What upstreams learn of the account besides X-User-Id.');
}
