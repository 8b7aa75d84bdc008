import { answerMessages } from './answer-messages.ts';
import { compareAnswers } from './answers.ts';
import { compareAttempts } from './attempts.ts';
import type { Campaign } from './campaign.ts';
import { compareRequests } from './plain-requests.ts';
import { compareStreams } from './plain-streams.ts';
import { requestMessages } from './request-messages.ts';

export const CAMPAIGNS: readonly Campaign[] = [
  { name: 'requests', generate: requestMessages, compare: compareRequests },
  { name: 'streams', generate: requestMessages, compare: compareStreams },
  { name: 'answers', generate: answerMessages, compare: compareAnswers },
  { name: 'attempts', generate: answerMessages, compare: compareAttempts },
];
