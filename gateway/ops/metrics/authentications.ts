import { Counter, type Registry } from 'prom-client';
import { GatewayError } from '../../domain/errors.ts';
import type { InvalidToken, Outcome, Refusal } from '../../domain/identity.ts';

/** The reasons of each outcome. */
const REASONS = {
  accepted: ['password', 'token'],
  refused: [
    'absent',
    'malformed',
    'unknown_account',
    'wrong_password',
    'invalid_token',
    'token_expired',
    'token_revoked',
    'account_removed',
    'account_changed',
    'unconfirmed',
    'throttled',
  ],
  failed: ['overloaded', 'database', 'redis', 'internal'],
} as const;

type Reason = (typeof REASONS)[keyof typeof REASONS][number];

const REFUSALS: Record<Exclude<Refusal, InvalidToken>, Reason> = {
  'malformed credentials': 'malformed',
  'unknown account': 'unknown_account',
  'wrong password': 'wrong_password',
  'token expired': 'token_expired',
  'token revoked': 'token_revoked',
  'all tokens of the account revoked': 'token_revoked',
  'account removed': 'account_removed',
  'account changed since the token': 'account_changed',
};
const REFUSED: ReadonlyMap<string, Reason> = new Map(Object.entries(REFUSALS));

export interface AuthenticationMetrics {
  decided(outcome: Outcome): void;
  /** The check itself failed with this error. */
  failed(error: unknown): void;
}

/** Counts authentication outcomes. All series exist from the start, so that the first of a kind shows as an increase. */
export function authenticationMetrics(registry: Registry): AuthenticationMetrics {
  const counts = new Map<Reason, number>();
  const count = (reason: Reason) => void counts.set(reason, (counts.get(reason) ?? 0) + 1);
  new Counter({
    name: 'gatehouse_authentications_total',
    help: 'Requests that had to prove who sends them.',
    labelNames: ['outcome', 'reason'],
    registers: [registry],
    collect() {
      // Keeps the series: prom-client looks labels up for each count.
      this.reset();
      for (const [outcome, reasons] of Object.entries(REASONS)) {
        for (const reason of reasons) this.inc({ outcome, reason }, counts.get(reason) ?? 0);
      }
    },
  });
  return {
    decided: (outcome) => count(reasonOf(outcome)),
    failed: (error) => count(reasonOfFailure(error)),
  };
}

function reasonOf(outcome: Outcome): Reason {
  switch (outcome.kind) {
    case 'found':
      return outcome.identity.account.confirmed ? outcome.identity.by : 'unconfirmed';
    case 'absent':
      return 'absent';
    case 'refused':
      return REFUSED.get(outcome.reason) ?? 'invalid_token';
  }
}

function reasonOfFailure(error: unknown): Reason {
  if (!(error instanceof GatewayError)) return 'internal';
  if (error.code === 'too_many_requests') return 'throttled';
  if (error.code !== 'service_unavailable') return 'internal';
  return error.fault === 'database' || error.fault === 'redis' ? error.fault : 'overloaded';
}
