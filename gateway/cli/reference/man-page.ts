import { type ArgumentFacts, type CommandFacts, everyCommand, type OptionFacts } from './tree.ts';

/** The day of the last change of the text below; the page must not change with the day it is written on. */
const DATE = 'November 27, 2026';

/**
 * The manual page of the program in the language mdoc(7).
 *
 * @param variables the environment variables that give options their defaults, by option
 */
export function manPage(program: CommandFacts, variables: Readonly<Record<string, string>>): string {
  const [name = ''] = program.path;
  const leaves = everyCommand(program).filter(({ commands, path }) => commands.length === 0 && path.at(-1) !== 'help');
  const lines = [
    `.\\" Written by: npm run man`,
    `.Dd ${DATE}`,
    `.Dt ${name.toUpperCase()} 1`,
    '.Os',
    '.Sh NAME',
    `.Nm ${name}`,
    '.Nd API gateway that authenticates every request',
    '.Sh SYNOPSIS',
    `.Nm ${name}`,
    '.Ar command',
    '.Op Ar argument ...',
    `.Nm ${name}`,
    '.Ar command',
    '.Fl -help',
    '.Sh DESCRIPTION',
    ...sentences(program.description),
    'It reads its configuration from a YAML file, which',
    `.Nm ${name} Cm init`,
    'writes and',
    `.Nm ${name} Cm check`,
    'validates.',
    '.Sh COMMANDS',
    ...list(leaves.flatMap(commandLines)),
    '.Sh SIGNALS',
    'Of',
    `.Nm ${name} Cm start :`,
    ...list([
      '.It Dv SIGHUP',
      ...sentences('Reloads the configuration. An invalid one changes nothing, and each problem is a line in the log.'),
      '.It Dv SIGTERM , SIGINT',
      ...sentences('Answers open requests, and exits. A second signal exits at once.'),
    ]),
    '.Sh ENVIRONMENT',
    ...list(['.It Ev GATEHOUSE_CONFIG', 'The configuration, if', '.Fl -config', 'names no other.']),
    'A configuration takes variables by',
    `.Li \${NAME}`,
    'and',
    `.Li \${NAME:-default} .`,
    'These give options their defaults:',
    ...list(Object.entries(variables).flatMap(([option, variable]) => [`.It Ev ${variable}`, `.Li ${option}`])),
    '.Sh FILES',
    ...list(['.It Pa config/gateway.yaml', 'The configuration, if neither an option nor a variable names another.']),
    '.Sh EXIT STATUS',
    ...sentences('0 on success, 1 on an error, which is one line on standard error, and 2 on wrong usage.'),
    '.Sh EXAMPLES',
    '.Bd -literal -compact',
    ...EXAMPLES.map((words) => `${name} ${words}`),
    '.Ed',
  ];
  return `${lines.join('\n')}\n`;
}

const EXAMPLES = [
  'init --directory /etc/gatehouse --upstream http://127.0.0.1:9000',
  'check --config /etc/gatehouse/gateway.yaml',
  'start --config /etc/gatehouse/gateway.yaml',
  'ready --config /etc/gatehouse/gateway.yaml --wait 30s',
];

function commandLines({ path, description, arguments: args, options }: CommandFacts): string[] {
  const [, ...words] = path;
  return [
    `.It Cm ${[words.join(' '), ...args.map(argumentMacro)].join(' ')}`,
    ...sentences(asSentence(description)),
    ...list([
      ...args.filter(({ description: text }) => text !== '').flatMap(argumentLines),
      ...options.filter(({ flags }) => !flags.includes('--help')).flatMap(optionLines),
    ]),
  ];
}

function list(items: readonly string[]): string[] {
  return items.length === 0 ? [] : ['.Bl -tag -width Ds', ...items, '.El'];
}

function argumentLines({ name, description, value }: ArgumentFacts): string[] {
  const choices = value.kind === 'choice' ? `: ${value.choices.join(', ')}` : '';
  return [`.It Ar ${plainName(name)}`, ...sentences(asSentence(`${description}${choices}`))];
}

function optionLines({ flags, valueName, description, usual }: OptionFacts): string[] {
  const macros = flags.map((flag) => `Fl ${flag.slice(1)}`).join(' , ');
  const value = valueName === null ? '' : ` Ar ${plainName(valueName)}`;
  const text = usual === null ? description : `${description} (default: ${usual})`;
  return [`.It ${macros}${value}`, ...sentences(asSentence(text))];
}

function argumentMacro({ name }: ArgumentFacts): string {
  return name.startsWith('[') ? `Op Ar ${plainName(name)}` : `Ar ${plainName(name)}`;
}

function plainName(name: string): string {
  return name.replaceAll(/[<>[\]]/g, '').replace('...', ' ...');
}

function asSentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1).replace(/\.$/, '')}.`;
}

/** Lines that begin with a sentence each, as mdoc(7) asks for; no line may begin as a request of roff does. */
function sentences(text: string): string[] {
  return text
    .replaceAll('\\', String.raw`\e`)
    .split(/(?<=\.) (?=[A-Z`])/)
    .flatMap((sentence) => sentence.match(/.{1,78}(?=\s|$)/g) ?? [])
    .map((line) => line.trimStart().replace(/^(?=[.'])/, String.raw`\&`));
}
