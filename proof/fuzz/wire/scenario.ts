/** What several clients send at once, and how the upstream answers. */
export interface Scenario {
  /** Whether the gateway reads plain requests by itself. */
  readonly hasFastPath: boolean;
  /** Answers of the upstream, with places; a request chooses one by `/aN/` in its path. */
  readonly answers: readonly AnswerScript[];
  /** What each client sends, with places. */
  readonly clients: readonly string[];
}

export interface AnswerScript {
  /** Before the body of the request has arrived. */
  readonly isEarly: boolean;
  readonly text: string;
}

const SEPARATOR = '\x1e';
const MOST_CLIENTS = 4;

/** Any bytes are a scenario, so that mutations and smaller inputs are. */
export function scenarioOf(bytes: Buffer): Scenario {
  const [kind = '', ...parts] = bytes.toString('latin1').split(SEPARATOR);
  const answers = parts
    .filter((part) => /^[ae]/.test(part))
    .map((part) => ({ isEarly: part.startsWith('e'), text: part.slice(1) }));
  const clients = parts.filter((part) => !/^[ae]/.test(part)).map((part) => part.slice(1));
  return { hasFastPath: !kind.startsWith('n'), answers, clients: clients.slice(0, MOST_CLIENTS) };
}

export function bytesOf({ hasFastPath, answers, clients }: Scenario): Buffer {
  const parts = [
    hasFastPath ? 'f' : 'n',
    ...answers.map(({ isEarly, text }) => `${isEarly ? 'e' : 'a'}${text}`),
    ...clients.map((text) => `c${text}`),
  ];
  return Buffer.from(parts.join(SEPARATOR), 'latin1');
}
