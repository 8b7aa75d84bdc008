import { setTimeout as delay } from 'node:timers/promises';
import { hashPassword } from '../../gateway/identify/passwords/password.ts';
import type { Gateways } from '../../test/lab/gateways/nodes.ts';
import type { Act, ActOutcome } from '../audit/events.ts';
import type { Random } from '../random.ts';
import type { Surroundings } from './clients.ts';
import { GROUP } from './stage.ts';
import type { Held } from './uses.ts';
import type { Person, World } from './world.ts';

/** The name of the node in acts by commands, which reach the stores without a gateway. */
const OPERATOR = 'operator';

/** Accounts that there are at any time. */
const PEOPLE = 14;
/** Milliseconds between two commands, at most. A command costs more than a hundred requests. */
const PAUSE = 2_500;
/** As of the gateways: see test/lab/gateways/nodes.ts. */
const PASSWORD_COST = 4;
/** Credentials that are tried again and again after a change that ends them. */
const WATCHED = 2;

type Changing = Exclude<Act, { kind: 'add' | 'issue' | 'log in' }>;

/** Adds accounts, and changes and removes them with `gatehouse user` and `gatehouse token`, one command after the other. */
export interface Operator {
  /** Adds the first accounts, in the database itself. */
  addFirst(): Promise<void>;
  run(random: Random, signal: AbortSignal): Promise<void>;
}

export function createOperator(at: Surroundings, { command, accounts }: Gateways): Operator {
  let added = 0;

  const beginAdding = () => {
    added += 1;
    const [email, password] = [`person-${added}@example.com`, `password 0 of ${added}`];
    return {
      ...{ email, password },
      ends: at.record.begins({ kind: 'add', account: email, password, confirmed: true }, OPERATOR),
      addTo: (world: World, id: string) =>
        world.addPerson({ email, id, passwords: [password], isConfirmed: true, isRemoved: false }),
    };
  };

  const addFirst = async () => {
    for (let person = 0; person < PEOPLE; person += 1) {
      const { email, password, ends, addTo } = beginAdding();
      const passwordHash = await hashPassword(password, PASSWORD_COST);
      const outcome = await accounts.add({ email, passwordHash, confirmed: true });
      if (outcome.kind === 'taken') throw new Error(`${email} exists`);
      ends('acknowledged', outcome.account.id);
      addTo(at.world, outcome.account.id);
    }
  };

  const addPerson = async () => {
    const { email, password, ends, addTo } = beginAdding();
    const args = ['user', 'add', email, '--confirmed', '--password-stdin', '--json'];
    const { code, stdout, stderr } = await command(args, password);
    if (code !== 0) return ends('unknown', `exit ${code}: ${stderr}`);
    ends('acknowledged', stdout);
    const { id } = JSON.parse(stdout) as { id: string };
    addTo(at.world, String(id));
  };

  /** @param input for the standard input of the command */
  const change = async (act: Changing, args: readonly string[], input = ''): Promise<ActOutcome> => {
    const ends = at.record.begins(act, OPERATOR);
    const { code, stdout, stderr } = await command(args, input);
    const outcome = code !== 0 ? 'unknown' : /\bwas already\b/.test(stdout) ? 'refused' : 'acknowledged';
    ends(outcome, code === 0 ? stdout.trim() : `exit ${code}: ${stderr.trim()}`);
    return outcome;
  };

  const changePerson = async (person: Person, random: Random) => {
    const { email } = person;
    const watched: Held[] = at.world
      .tokensOf(person, WATCHED)
      .map((token) => ({ form: random.of(['bearer', 'basic'] as const), token }));
    const [password] = person.passwords;
    const withPassword: Held = { form: 'password', person, password };
    const choice = random.below(person.isConfirmed ? 12 : 3);
    if (!person.isConfirmed && choice < 2) {
      if ((await change({ kind: 'confirm', account: email }, ['user', 'confirm', email])) !== 'unknown')
        person.isConfirmed = true;
    } else if (choice < 4) {
      const groups = random.once(2) ? [GROUP] : [];
      const names = groups.length === 0 ? ['--none'] : groups;
      await change({ kind: 'groups', account: email, groups }, ['user', 'groups', email, ...names]);
    } else if (choice < 7) {
      const next = `password ${person.passwords.length} of ${email}`;
      person.passwords = [next, ...person.passwords];
      at.world.endsAll(person);
      const args = ['user', 'password', email, '--password-stdin'];
      await change({ kind: 'password', account: email, password: next }, args, next);
      watched.push(withPassword);
    } else if (choice < 9) {
      at.world.endsAll(person);
      person.isConfirmed = false;
      await change({ kind: 'unconfirm', account: email }, ['user', 'unconfirm', email]);
      watched.push(withPassword);
    } else if (choice < 11) {
      at.world.endsAll(person);
      await change({ kind: 'revoke all', account: email }, ['token', 'revoke', '--user', email]);
    } else {
      at.world.endsAll(person);
      person.isRemoved = true;
      await change({ kind: 'remove', account: email }, ['user', 'remove', email]);
      watched.push(withPassword);
    }
    for (const held of watched) void at.uses.watch(held);
  };

  const revokeOne = async (random: Random) => {
    const token = at.world.token(random);
    if (token === null) return;
    at.world.ends(token);
    const outcome = await change({ kind: 'revoke', token: token.id }, ['token', 'revoke', token.id]);
    if (outcome === 'acknowledged') void at.uses.watch({ form: 'bearer', token });
  };

  return {
    addFirst,
    async run(random, signal) {
      while (!signal.aborted) {
        await delay(random.below(PAUSE));
        if (at.world.living().length < PEOPLE) await addPerson();
        else if (random.once(3)) await revokeOne(random);
        else await changePerson(at.world.person(random), random);
      }
    },
  };
}
