import { type CommandFacts, everyCommand, type ValueKind } from '../reference/tree.ts';

/**
 * The completion for fish 3 and later. Its function succeeds where the words before the cursor name exactly a command, with the
 * given number of arguments if one is given.
 */
export function fishCompletion(program: CommandFacts): string {
  const [name = ''] = program.path;
  const commands = everyCommand(program);
  const at = `__${name}_at`;
  const below = commands.slice(1).map(({ path }) => quoted(path.join(' ')));
  const valued = commands.flatMap(({ path, options }) =>
    options
      .filter(({ valueName }) => valueName !== null)
      .flatMap(({ flags }) => flags.map((flag) => quoted([...path, flag].join(' ')))),
  );
  return `# fish completion of ${name}; written by: ${name} completion fish

function ${at}
    set -l at ${name}
    set -l count 0
    set -l isValue 0
    set -l words (commandline -opc)
    for word in $words[2..-1]
        if test $isValue = 1
            set isValue 0
            continue
        end
        switch "$at $word"
            case ${below.join(' ')}
                set at "$at $word"
                set count 0
            case ${valued.join(' ')}
                set isValue 1
            case '* -*'
            case '*'
                set count (math $count + 1)
        end
    end
    test "$at" = "$argv[1]"; and test (count $argv) = 1 -o "$argv[2]" = $count
end

complete -c ${name} -f
${commands.flatMap((command) => linesOf(name, at, command)).join('\n')}
`;
}

function linesOf(name: string, at: string, { path, options, arguments: args, commands }: CommandFacts): string[] {
  const complete = (condition: readonly string[], rest: readonly string[]) =>
    ['complete', '-c', name, '-n', quoted([at, ...condition].join(' ')), ...rest].join(' ');
  const here = `"${path.join(' ')}"`;
  return [
    ...options.map(({ flags, valueName, value, description }) =>
      complete(
        [here],
        [
          ...flags.map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`)),
          ...(valueName === null ? [] : ['-r', ...candidates(value)]),
          ...['-d', quoted(description)],
        ],
      ),
    ),
    ...commands.map((command) =>
      complete([here, '0'], ['-a', command.path.at(-1) ?? '', '-d', quoted(command.description)]),
    ),
    ...args.flatMap(({ value }, count) =>
      value.kind === 'text' || commands.length > 0 ? [] : [complete([here, String(count)], candidates(value))],
    ),
  ];
}

function candidates(value: ValueKind): string[] {
  switch (value.kind) {
    case 'choice':
      return ['-f', '-a', quoted(value.choices.join(' '))];
    case 'file':
      return ['-F'];
    case 'folder':
      return ['-f', '-a', quoted('(__fish_complete_directories)')];
    case 'text':
      return ['-f'];
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll(/['\\]/g, String.raw`\$&`)}'`;
}
