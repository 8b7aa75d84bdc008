import type { Argument, Command, Option } from 'commander';

/** What the words of an argument, or the value of an option, are. */
export type ValueKind =
  | { readonly kind: 'file' | 'folder' | 'text' }
  | { readonly kind: 'choice'; readonly choices: readonly string[] };

export interface OptionFacts {
  /** As it is typed: `-h` and `--help`; the short one first. */
  readonly flags: readonly string[];
  /** As in `--help`: `<file>`; null: the option has no value. */
  readonly valueName: string | null;
  readonly value: ValueKind;
  readonly description: string;
  /** null: there is none. */
  readonly usual: string | null;
}

export interface ArgumentFacts {
  /** As in `--help`: `<email>`, `[names...]`. */
  readonly name: string;
  readonly value: ValueKind;
  readonly description: string;
}

/** A command as its help describes it, for the man page and the completions. */
export interface CommandFacts {
  /** From the program on: `['gatehouse', 'user', 'add']`. */
  readonly path: readonly string[];
  readonly description: string;
  readonly arguments: readonly ArgumentFacts[];
  readonly options: readonly OptionFacts[];
  readonly commands: readonly CommandFacts[];
}

/** The facts of a command and of all below it. */
export function factsOf(command: Command, above: readonly string[] = []): CommandFacts {
  const help = command.createHelp();
  const path = [...above, command.name()];
  const commands = help.visibleCommands(command);
  const names = commands.map((child) => child.name());
  return {
    path,
    description: command.description(),
    arguments: command.registeredArguments.map(argumentFacts),
    options: help.visibleOptions(command).map(optionFacts),
    commands: commands.map((child) =>
      command.commands.includes(child) ? factsOf(child, path) : helpFacts(child, path, names),
    ),
  };
}

/** All commands of a tree, each before those below it. */
export function everyCommand(facts: CommandFacts): CommandFacts[] {
  return [facts, ...facts.commands.flatMap(everyCommand)];
}

/** The command `help` is commander's own, and takes the name of another. */
function helpFacts(command: Command, above: readonly string[], names: readonly string[]): CommandFacts {
  const choices = names.filter((name) => name !== command.name());
  return {
    path: [...above, command.name()],
    description: command.description(),
    arguments: command.registeredArguments.map((argument) => ({
      ...argumentFacts(argument),
      value: { kind: 'choice', choices },
    })),
    options: [],
    commands: [],
  };
}

function optionFacts(option: Option): OptionFacts {
  const { short, long, flags, description, defaultValue, argChoices } = option;
  const valueName = /[<[].*$/.exec(flags)?.[0] ?? null;
  return {
    flags: [short, long].filter((flag) => flag !== undefined),
    valueName,
    value: valueKind(valueName ?? '', argChoices),
    description,
    usual: defaultValue === undefined ? null : String(defaultValue),
  };
}

function argumentFacts(argument: Argument): ArgumentFacts {
  const inner = `${argument.name()}${argument.variadic ? '...' : ''}`;
  const name = argument.required ? `<${inner}>` : `[${inner}]`;
  return { name, value: valueKind(name, argument.argChoices), description: argument.description };
}

/** @param name as in `--help`: what is called a file or a folder there is one */
function valueKind(name: string, choices: readonly string[] | undefined): ValueKind {
  if (choices !== undefined) return { kind: 'choice', choices };
  if (name === '<file>') return { kind: 'file' };
  return { kind: name === '<folder>' ? 'folder' : 'text' };
}
