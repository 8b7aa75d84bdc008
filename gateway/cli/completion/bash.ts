import { type CommandFacts, everyCommand, type ValueKind } from '../reference/tree.ts';

/**
 * The completion for bash 3.2 and later, also without the package bash-completion.
 *
 * The words before the cursor are read one by one: `at` is the command that they name, and `count` how many arguments of it there are.
 */
export function bashCompletion(program: CommandFacts): string {
  const [name = ''] = program.path;
  const commands = everyCommand(program);
  const below = commands.slice(1).map(({ path }) => quoted(path.join(' ')));
  const valued = commands.flatMap(({ path, options }) =>
    options.filter((option) => option.valueName !== null).flatMap(({ flags }) => flags.map((flag) => [...path, flag])),
  );
  return `# bash completion of ${name}; written by: ${name} completion bash

_${name}() {
  local IFS=$' \\t\\n' current=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD - 1]} at=${name} count=0 i word
  COMPREPLY=()
  # A "=" is a word of its own.
  if [[ $current == '=' ]]; then
    current=''
  elif [[ $before == '=' ]]; then
    before=\${COMP_WORDS[COMP_CWORD - 2]}
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    case "$at $word" in
      ${below.join(' | \\\n        ')})
        at="$at $word" count=0 ;;
      ${valued.map((words) => quoted(words.join(' '))).join(' | \\\n        ')})
        [[ \${COMP_WORDS[i + 1]} == '=' ]] && ((i++))
        ((i++)) ;;
      *' -'*) ;;
      *) ((count++)) ;;
    esac
  done
  case "$at $before" in
${commands.flatMap(optionCases).join('\n')}
  esac
  if [[ $current == -* ]]; then
    case "$at" in
${commands.map(({ path, options }) => `      ${quoted(path.join(' '))}) ${words(options.flatMap(({ flags }) => flags))} ;;`).join('\n')}
    esac
    return
  fi
  case "$at $count" in
${commands.flatMap(argumentCases).join('\n')}
  esac
}
complete -F _${name} ${name}
`;
}

function optionCases({ path, options }: CommandFacts): string[] {
  return options
    .filter(({ valueName }) => valueName !== null)
    .map(({ flags, value }) => {
      const patterns = flags.map((flag) => quoted([...path, flag].join(' '))).join(' | ');
      return `    ${patterns}) ${candidates(value)}; return ;;`;
    });
}

function argumentCases({ path, arguments: args, commands }: CommandFacts): string[] {
  const at = (count: number) => `    ${quoted([...path, String(count)].join(' '))})`;
  if (commands.length > 0) return [`${at(0)} ${words(commands.map((command) => command.path.at(-1) ?? ''))} ;;`];
  return args.flatMap(({ value }, count) => (value.kind === 'text' ? [] : [`${at(count)} ${candidates(value)} ;;`]));
}

function candidates(value: ValueKind): string {
  switch (value.kind) {
    case 'choice':
      return words(value.choices);
    case 'file':
      return files('-f');
    case 'folder':
      return files('-d');
    case 'text':
      return 'true';
  }
}

function words(names: readonly string[]): string {
  return `COMPREPLY=($(compgen -W ${quoted(names.join(' '))} -- "$current"))`;
}

/** Bash 3.2 has no compopt, and then adds a space after the name of a folder. */
function files(flag: '-f' | '-d'): string {
  return `compopt -o filenames 2>/dev/null; IFS=$'\\n'; COMPREPLY=($(compgen ${flag} -- "$current"))`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
