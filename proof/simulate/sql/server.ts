import type { Owner, Pending } from '../time/pending.ts';
import type { Scheduler } from '../time/scheduler.ts';
import { asMysql, type ServerError, serverError } from './errors.ts';
import { type Content, contentOf, type Result, statementOf } from './image.ts';

/** What the server answers to a statement. */
export type Reply = (error: ServerError | null, result?: Result) => void;

/** A connection, as the server sees it. */
export interface Session {
  readonly id: number;
  isOpen: boolean;
  /** Statements that change something, in the transaction that is open; null: none is. */
  transaction: Write[] | null;
  askedAt: number;
}

/** Milliseconds after which the server ends a transaction whose client is silent, as the gateway has PostgreSQL do. */
const IDLE = 2_000;

interface Write {
  readonly sql: string;
  readonly bindings: readonly unknown[];
}

/** Waits for the right to write. */
interface Waiter {
  readonly session: Session;
  readonly granted: () => void;
  readonly timeout: Pending;
}

/** Transactions, in the order of their commits, that the replica has not applied. */
interface Committed {
  readonly at: number;
  readonly writes: readonly Write[];
}

const NOTHING: Result = { rows: [] };
/** Milliseconds: innodb_lock_wait_timeout. */
const LOCK_WAIT = 2_000;
/** Milliseconds that the replica or the backup is behind, at most. */
const OLDEST = 60_000;

/**
 * A database server with a replica that lags behind, and can take its place. One transaction writes at a time: the right to
 * write is taken by the first write or lock, and held until the end. Others read what is committed.
 */
export class SqlServer {
  readonly owner: Owner;
  isReadOnly = false;
  readonly #scheduler: Scheduler;
  readonly #sessions = new Map<number, Session>();
  #committed: Content;
  /** With the changes of the transaction that writes. */
  #live: Content;
  #replica: Content;
  #log: Committed[] = [];
  #writer: Session | null = null;
  #waiting: Waiter[] = [];
  #nextId = 1;

  constructor(scheduler: Scheduler, name: string, bytes: Buffer) {
    this.#scheduler = scheduler;
    this.owner = { name, isDead: false, isPaused: false, wallOffset: 0 };
    const now = () => scheduler.wall();
    this.#committed = contentOf(bytes, now);
    this.#live = contentOf(bytes, now);
    this.#replica = contentOf(bytes, now);
  }

  connect(): Session {
    const session: Session = { id: this.#nextId, isOpen: true, transaction: null, askedAt: 0 };
    this.#nextId += 1;
    this.#sessions.set(session.id, session);
    return session;
  }

  /** The client's end of the connection is gone. */
  disconnect(session: Session): void {
    if (!session.isOpen) return;
    session.isOpen = false;
    this.#sessions.delete(session.id);
    this.#abort(session);
  }

  execute(session: Session, text: string, bindings: readonly unknown[], reply: Reply): void {
    if (!session.isOpen) return;
    const { sql, kind } = statementOf(text);
    session.askedAt = this.#scheduler.now;
    switch (kind) {
      case 'session':
      case 'begin':
        if (kind === 'begin') session.transaction = [];
        reply(null, NOTHING);
        return;
      case 'commit':
        if (this.#writer === session) this.#commit(session.transaction ?? []);
        session.transaction = null;
        reply(null, NOTHING);
        return;
      case 'rollback':
        this.#abort(session);
        reply(null, NOTHING);
        return;
      case 'read':
        this.#run(this.#writer === session ? this.#live : this.#committed, { sql, bindings }, reply);
        return;
      case 'locking read':
        this.#whenWriter(session, reply, () => this.#run(this.#live, { sql, bindings }, reply));
        return;
      case 'write':
        this.#whenWriter(session, reply, () => this.#write(session, { sql, bindings }, reply));
    }
  }

  /** Reads what is committed, outside of the simulated time. */
  look(sql: string): Record<string, unknown>[] {
    const result = this.#committed.execute(sql, []);
    return 'rows' in result ? result.rows : [];
  }

  /** Every connection is lost, and what was not committed. */
  breakSessions(): Session[] {
    const open = [...this.#sessions.values()];
    for (const session of open) this.disconnect(session);
    return open;
  }

  /**
   * The replica takes over, without the newest transactions; or a backup is restored.
   *
   * @param lag milliseconds: what was committed within them is lost
   * @returns the time of the newest transaction that is kept, and how many are lost
   */
  takeOver(lag: number): { since: number; lost: number } {
    // The image is older than all transactions, and never lost.
    const since = Math.max(0, this.#scheduler.now - Math.min(lag, OLDEST));
    const kept = this.#log.filter(({ at }) => at <= since);
    const lost = this.#log.length - kept.length;
    for (const transaction of kept) apply(this.#replica, transaction.writes);
    this.#log = [];
    this.#committed.close();
    this.#live.close();
    this.#committed = this.#replica;
    this.#live = this.#committed.copy();
    this.#replica = this.#committed.copy();
    return { since, lost };
  }

  close(): void {
    for (const content of [this.#committed, this.#live, this.#replica]) content.close();
  }

  #run(content: Content, { sql, bindings }: Write, reply: Reply): void {
    try {
      reply(null, content.execute(sql, bindings));
    } catch (error) {
      reply(asMysql(error));
    }
  }

  #write(session: Session, write: Write, reply: Reply): void {
    this.#run(this.#live, write, (error, result) => {
      const done = error === null ? [write] : [];
      if (session.transaction === null) this.#commit(done);
      else session.transaction.push(...done);
      reply(error, result);
    });
  }

  #whenWriter(session: Session, reply: Reply, granted: () => void): void {
    if (this.isReadOnly) {
      reply(serverError('ER_OPTION_PREVENTS_STATEMENT', 'The server is running with the --read-only option'));
      return;
    }
    if (this.#writer === session || this.#writer === null) {
      if (this.#writer === null) this.#live.begin();
      this.#writer = session;
      granted();
      return;
    }
    const timeout = this.#scheduler.add(this.owner, 'lock timeout', LOCK_WAIT, () => {
      this.#waiting = this.#waiting.filter((one) => one.session !== session);
      reply(serverError('ER_LOCK_WAIT_TIMEOUT', 'Lock wait timeout exceeded; try restarting transaction'));
    });
    this.#waiting.push({ session, granted, timeout });
    this.#endIdle(this.#writer);
  }

  #endIdle(writer: Session): void {
    const { askedAt } = writer;
    this.#scheduler.add(this.owner, 'idle transaction', askedAt + IDLE - this.#scheduler.now, () => {
      if (this.#writer === writer && writer.askedAt === askedAt) this.disconnect(writer);
    });
  }

  #commit(writes: readonly Write[]): void {
    this.#live.commit();
    if (writes.length > 0) {
      this.#log.push({ at: this.#scheduler.now, writes });
      apply(this.#committed, writes);
      this.#feedReplica();
    }
    this.#release();
  }

  #feedReplica(): void {
    const old = this.#scheduler.now - OLDEST;
    let oldest = this.#log[0];
    while (oldest !== undefined && oldest.at < old) {
      apply(this.#replica, oldest.writes);
      this.#log.shift();
      oldest = this.#log[0];
    }
  }

  #abort(session: Session): void {
    session.transaction = null;
    for (const { timeout } of this.#waiting.filter((one) => one.session === session)) timeout.run = null;
    this.#waiting = this.#waiting.filter((one) => one.session !== session);
    if (this.#writer !== session) return;
    this.#live.rollback();
    this.#release();
  }

  #release(): void {
    this.#writer = null;
    const next = this.#waiting.shift();
    if (next === undefined) return;
    next.timeout.run = null;
    this.#writer = next.session;
    this.#live.begin();
    next.granted();
  }
}

function apply(content: Content, writes: readonly Write[]): void {
  content.begin();
  for (const { sql, bindings } of writes) content.execute(sql, bindings);
  content.commit();
}
