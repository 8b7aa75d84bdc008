import type { Owner } from '../time/pending.ts';
import type { Scheduler } from '../time/scheduler.ts';
import { countBefore, RedisContent, type StreamEntry } from './content.ts';

export type RedisReply = (error: Error | null, value?: unknown) => void;

/** A read that waits for entries. */
interface Blocked {
  readonly sender: object;
  readonly key: string;
  readonly after: string;
  readonly count: number;
  readonly reply: RedisReply;
}

type Arguments = readonly (string | number)[];

/** Milliseconds that the replica is behind, at most. */
const LAG = 1_000;

/** A Redis server with a replica that lags behind, and can take its place. */
export class RedisServer {
  readonly owner: Owner;
  /** Why it refuses writes; null: it does not. */
  refusal: string | null = null;
  #content = new RedisContent();
  #replica: { readonly at: number; readonly content: RedisContent };
  #blocked: Blocked[] = [];
  readonly #scheduler: Scheduler;

  constructor(scheduler: Scheduler, name: string) {
    this.#scheduler = scheduler;
    this.owner = { name, isDead: false, isPaused: false, wallOffset: 0 };
    this.#replica = { at: 0, content: new RedisContent() };
  }

  get content(): RedisContent {
    return this.#content;
  }

  execute(sender: object, name: string, args: Arguments, reply: RedisReply): void {
    const now = this.#scheduler.now;
    const [key = ''] = args.map(String);
    if (WRITES.has(name)) {
      if (this.refusal !== null) {
        reply(new Error(this.refusal));
        return;
      }
      this.#copyToReplica();
    }
    if (name === 'xread') this.#read(sender, args, reply);
    else reply(null, this.#answer(name, key, args, now));
  }

  #answer(name: string, key: string, args: Arguments, now: number): unknown {
    switch (name) {
      case 'time': {
        const wall = this.#scheduler.wall();
        return [String(Math.floor(wall / 1000)), String((wall % 1000) * 1000)];
      }
      case 'get':
        return this.#content.get(key, now);
      case 'set':
        return this.#set(args, now);
      case 'del':
        this.#content.delete(key);
        return 1;
      case 'eval':
        return this.#evaluate(args, now);
      case 'xadd':
        return this.#append(key, args);
      case 'xrange':
      case 'xrevrange':
        return this.#range(name, args.map(String));
      default:
        throw new Error(`the simulated Redis has no command ${name}`);
    }
  }

  /** The client of this connection is gone. */
  forget(sender: object): void {
    this.#blocked = this.#blocked.filter((one) => one.sender !== sender);
  }

  /** Everything is gone, as after FLUSHALL or a restart without persistence. */
  empty(): void {
    this.#content = new RedisContent();
    this.#replica = { at: this.#scheduler.now, content: new RedisContent() };
  }

  /** The replica takes over, without the last writes. */
  takeOver(): void {
    this.#content = new RedisContent(this.#replica.content);
    this.#blocked = [];
  }

  #copyToReplica(): void {
    const now = this.#scheduler.now;
    if (now - this.#replica.at > LAG) this.#replica = { at: now, content: new RedisContent(this.#content) };
  }

  #set(args: Arguments, now: number): 'OK' | null {
    const [key = '', value = '', ...options] = args.map(String);
    const isThere = this.#content.get(key, now) !== null;
    if ((options.includes('NX') && isThere) || (options.includes('XX') && !isThere)) return null;
    const life = options.indexOf('PX');
    this.#content.set(key, value, life === -1 ? Number.POSITIVE_INFINITY : now + Number(options[life + 1]));
    return 'OK';
  }

  /** The scripts of `denylist.ts`: compare the value of the lock, then extend or release it. */
  #evaluate(args: Arguments, now: number): number {
    const [script = '', , key = '', value = '', life] = args.map(String);
    if (this.#content.get(key, now) !== value) return 0;
    if (script.includes('pexpire')) this.#content.set(key, value, now + Number(life));
    else this.#content.delete(key);
    return 1;
  }

  #append(key: string, args: Arguments): string {
    const [, , , most, , ...fields] = args.map(String);
    const id = this.#content.append(key, fields, this.#scheduler.wall(), Number(most));
    const waiting = this.#blocked.filter((one) => one.key === key);
    this.#blocked = this.#blocked.filter((one) => one.key !== key);
    for (const one of waiting) this.#wake(one);
    return id;
  }

  #wake(one: Blocked): void {
    const found = this.#after(one.key, one.after, one.count);
    if (found.length > 0) one.reply(null, [[one.key, found]]);
    else this.#blocked.push(one);
  }

  #after(key: string, id: string, count: number): readonly StreamEntry[] {
    const entries = this.#content.entries(key);
    const from = countBefore(entries, id);
    const start = entries[from]?.[0] === id ? from + 1 : from;
    return entries.slice(start, start + count);
  }

  #range(name: string, [key = '', first = '', second = '', , count = 'Infinity']: string[]): readonly StreamEntry[] {
    const entries = this.#content.entries(key);
    const [start, end] = name === 'xrange' ? [first, second] : [second, first];
    const from = countBefore(entries, start);
    const upTo = countBefore(entries, end);
    const to = entries[upTo]?.[0] === end ? upTo + 1 : upTo;
    if (name === 'xrange') return entries.slice(from, Math.min(to, from + Number(count)));
    return entries.slice(Math.max(from, to - Number(count)), to).reverse();
  }

  #read(sender: object, args: Arguments, reply: RedisReply): void {
    const [, count, , block, , key, after] = args.map(String);
    const one = { sender, key: key ?? '', after: after ?? '', count: Number(count), reply };
    this.#wake(one);
    if (!this.#blocked.includes(one)) return;
    this.#scheduler.add(this.owner, 'redis block', Number(block), () => {
      if (!this.#blocked.includes(one)) return;
      this.#blocked = this.#blocked.filter((other) => other !== one);
      reply(null, null);
    });
  }
}

const WRITES = new Set(['set', 'del', 'eval', 'xadd']);
