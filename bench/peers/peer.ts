import type { Issued } from '../../test/lab/gateways/load.ts';
import type { Scope } from '../../test/lab/scope.ts';
import type { Lab } from '../harness/lab.ts';
import type { Software } from '../harness/packages.ts';

/** A server that others would use in place of the gateway, or that shows a limit. */
export interface Peer {
  /** For `--only`: lower case with hyphens. */
  readonly name: string;
  /** In the report and on the plot. */
  readonly label: string;
  /** For the report, in a few words. */
  readonly does: string;
  /** What it is sent: its rate is compared with that of the gateway for the same. */
  readonly credential: 'token' | 'password' | 'none';
  /** Whether it is to refuse a revoked token. */
  readonly knowsRevocations: boolean;
  /** How it names the account to the upstream in `X-User-Id`; null: it does not. */
  readonly userId: 'id' | 'email' | null;
  /** The least good ratio of the gateway's rate to its own; null: only reported. */
  readonly aim: number | null;
  readonly needs: readonly Software[];
  /** As the programs themselves say. */
  versions(): Promise<string>;
  start(scope: Scope, lab: Lab, tokens: Tokens): Promise<RunningPeer>;
}

/** One that it must take and one that has been revoked. */
export interface Tokens {
  readonly good: Issued;
  readonly revoked: Issued;
}

/** Listens, on the server's core. */
export interface RunningPeer {
  readonly url: string;
  /** CPU time of all its processes so far, in milliseconds. */
  cpu(): number;
  /** Throws away what it has logged; left out where it logs nothing. */
  readonly emptyOutput?: () => void;
}
