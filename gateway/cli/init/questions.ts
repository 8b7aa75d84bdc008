import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { OperatorError } from '../../domain/errors.ts';
import {
  type Answers,
  databaseProblem,
  type ProblemOf,
  redisProblem,
  USUAL_DATABASE,
  USUAL_UPSTREAM,
  upstreamProblem,
} from './answers.ts';

/** The exit code that a shell reports after SIGINT: 128 + 2. */
const INTERRUPTED = 130;

/** A person at a terminal. */
interface Person {
  /** Asks until the answer has no problem. @param usual the answer of an empty line; null: there is none */
  ask(question: string, usual: string | null, problemOf: ProblemOf): Promise<string>;
  /** Asks without echo. */
  askHidden(question: string): Promise<string>;
}

/**
 * Asks for what a configuration depends on, on standard error.
 *
 * @throws OperatorError at the end of the input
 */
export async function askForAnswers(): Promise<Answers> {
  let isHidden = false;
  const output = new Writable({
    write(chunk, _, done) {
      if (isHidden) done();
      else process.stderr.write(chunk, () => done());
    },
  });
  const terminal = createInterface({ input: process.stdin, output, terminal: true, historySize: 0 });
  terminal.once('SIGINT', () => {
    terminal.close();
    process.stderr.write('\n');
    process.exit(INTERRUPTED);
  });
  const lines = terminal[Symbol.asyncIterator]();
  const read = async (question: string): Promise<string> => {
    terminal.setPrompt(question);
    terminal.prompt();
    const { value, done } = await lines.next();
    if (done) throw new OperatorError('The questions were not answered, so nothing was written.');
    return String(value).trim();
  };
  try {
    return await askAll({
      async ask(question, usual, problemOf) {
        for (;;) {
          const answer = (await read(`${question}${usual === null || usual === '' ? '' : ` [${usual}]`}: `)) || usual;
          const problem = answer === null ? 'must be given' : problemOf(answer);
          if (problem === null) return answer ?? '';
          process.stderr.write(`It ${problem}.\n`);
        }
      },
      async askHidden(question) {
        process.stderr.write(question);
        isHidden = true;
        try {
          return await read('');
        } finally {
          isHidden = false;
          process.stderr.write('\n');
        }
      },
    });
  } finally {
    terminal.close();
  }
}

const DATABASES = {
  1: { text: 'a SQLite file: one machine', kind: 'sqlite', accounts: 'own' },
  2: { text: 'MySQL or MariaDB', kind: 'mysql', accounts: 'own' },
  3: { text: 'PostgreSQL', kind: 'postgres', accounts: 'own' },
  4: { text: "an application's table of users, in any of these", kind: null, accounts: 'adopt' },
} as const;

async function askAll(person: Person): Promise<Answers> {
  const database = await askForDatabase(person);
  const redis = await person.ask('Redis, such as redis://127.0.0.1:6379 (empty: none)', '', (text) =>
    text === '' ? null : redisProblem(text),
  );
  const upstream = await person.ask('URL of the service behind the gateway', USUAL_UPSTREAM, upstreamProblem);
  return { database, redis: redis === '' ? null : redis, upstream };
}

async function askForDatabase(person: Person): Promise<Answers['database']> {
  const list = Object.entries(DATABASES).map(([number, { text }]) => `  ${number}  ${text}\n`);
  process.stderr.write(`Where are the accounts?\n${list.join('')}`);
  const isChoice = (text: string): text is `${keyof typeof DATABASES}` => Object.hasOwn(DATABASES, text);
  const answer = await person.ask('Number', '1', (text) => (isChoice(text) ? null : 'must be a number from 1 to 4'));
  const { kind, accounts } = isChoice(answer) ? DATABASES[answer] : DATABASES[1];
  if (kind === 'sqlite') return { url: USUAL_DATABASE, accounts };
  const example = `${kind ?? 'mysql'}://user@127.0.0.1/name`;
  const url = await person.ask(`URL, such as ${example}`, null, databaseProblem(kind));
  return { url: await withPassword(person, url), accounts };
}

/** Asks for the password of a user whose URL has none. */
async function withPassword(person: Person, url: string): Promise<string> {
  const [, before, user, after] = /^([a-z]+:\/\/)([^@/?#:]+)(@.*)$/.exec(url) ?? [];
  if (before === undefined || user === undefined) return url;
  const password = await person.askHidden(`Password of ${decodeURIComponent(user)} (not shown; empty: none): `);
  return password === '' ? url : `${before}${user}:${encodeURIComponent(password)}${after}`;
}
