import { answerMessages } from './answer-messages.ts';
import { compareAnswers } from './answers.ts';
import { compareAttempts } from './attempts.ts';
import type { Campaign, Search } from './campaign.ts';
import { compareRequests } from './plain-requests.ts';
import { compareStreams } from './plain-streams.ts';
import { requestMessages } from './request-messages.ts';
import { TARGETS } from './targets/targets.ts';
import { VALUES } from './values/campaigns.ts';
import { GATEWAY } from './wire/gateway.ts';

export const CAMPAIGNS: readonly Campaign[] = [
  readyMade('requests', { generate: requestMessages, compare: compareRequests }),
  readyMade('streams', { generate: requestMessages, compare: compareStreams }),
  readyMade('answers', { generate: answerMessages, compare: compareAnswers }),
  readyMade('attempts', { generate: answerMessages, compare: compareAttempts }),
  ...VALUES,
  TARGETS,
  GATEWAY,
];

/** A campaign that starts nothing. */
function readyMade(name: string, search: Search): Campaign {
  return { name, open: () => search };
}
