import {
  type ArgumentFacts,
  type CommandFacts,
  everyCommand,
  type OptionFacts,
  type ValueKind,
} from '../reference/tree.ts';

/** The completion for zsh, by a function for each command; as a file in `fpath`, or read by `source`. */
export function zshCompletion(program: CommandFacts): string {
  const [name = ''] = program.path;
  return `#compdef ${name}
# zsh completion of ${name}; written by: ${name} completion zsh

${everyCommand(program).map(functionOf).join('\n\n')}

if [[ \${funcstack[1]} == _${name} ]]; then
  _${name} "$@"
else
  compdef _${name} ${name}
fi
`;
}

function functionOf(command: CommandFacts): string {
  return command.commands.length === 0 ? leafOf(command) : branchOf(command);
}

function leafOf({ path, options, arguments: args }: CommandFacts): string {
  const specs = [...options.map(optionSpec), ...args.map(argumentSpec)];
  return `${functionName(path)}() {\n  _arguments -s ${specs.map((spec) => `\\\n    ${spec}`).join(' ')}\n}`;
}

function branchOf({ path, options, commands }: CommandFacts): string {
  const nameOf = (command: CommandFacts) => command.path.at(-1) ?? '';
  const described = commands.map(
    (command) => `      ${quoted(`${nameOf(command)}:${command.description.replaceAll(':', String.raw`\:`)}`)}`,
  );
  const cases = commands.map((command) => `      ${nameOf(command)}) ${functionName(command.path)} ;;`);
  return `${functionName(path)}() {
  local curcontext="$curcontext" state line
  local -a commands
  _arguments -C ${options.map((option) => `${optionSpec(option)} `).join('')}'1: :->command' '*:: :->rest'
  case $state in
    command)
      commands=(
${described.join('\n')}
      )
      _describe command commands ;;
    rest)
      case $line[1] in
${cases.map((line) => `  ${line}`).join('\n')}
      esac ;;
  esac
}`;
}

function functionName(path: readonly string[]): string {
  return `_${path.join('_').replaceAll('-', '_')}`;
}

function optionSpec({ flags, valueName, value, description }: OptionFacts): string {
  const text = `[${description.replaceAll(/[[\]\\]/g, String.raw`\$&`)}]`;
  const isRepeated = valueName?.includes('...') ?? false;
  const action = valueName === null ? '' : `:${label(valueName)}:${actionOf(value)}`;
  const specs = flags.map((flag) => {
    const form = valueName !== null && flag.startsWith('--') ? `${flag}=` : flag;
    return isRepeated ? `*${form}` : `(${flags.join(' ')})${form}`;
  });
  return specs.map((spec) => quoted(`${spec}${text}${action}`)).join(' ');
}

function argumentSpec({ name, value }: ArgumentFacts): string {
  const count = name.includes('...') ? '*' : '';
  return quoted(`${count}:${label(name)}:${actionOf(value)}`);
}

function label(name: string): string {
  return name.replaceAll(/[^\w-]/g, '');
}

function actionOf(value: ValueKind): string {
  switch (value.kind) {
    case 'choice':
      return `(${value.choices.join(' ')})`;
    case 'file':
      return '_files';
    case 'folder':
      return '_files -/';
    case 'text':
      // The action ' ', made for this, keeps zsh 5.9 from inserting an option that is the only match.
      return '()';
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
