import { configurationJsonSchema } from './json-schema.ts';

/** The parts of a JSON Schema that a reader of the reference needs. */
interface Option {
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, Option>>;
  readonly required?: readonly string[];
  readonly items?: Option;
  readonly additionalProperties?: Option | false;
  readonly anyOf?: readonly Option[];
}

/** `docs/configuration.md`: every option with its default and meaning, from the schema that the gateway checks with. */
export function configurationReference(): string {
  const { properties = {} } = configurationJsonSchema() as Option;
  const rows = Object.entries(properties).flatMap(([name, option]) => rowsOf(name, option, name === 'routes'));
  return `# Configuration

A YAML file, \`config/gateway.yaml\` unless \`--config\` names another. It is validated in full before anything starts;
\`npx gatehouse check\` prints every problem at once, each with line and column. An unknown key is an error.

- \`\${NAME}\` and \`\${NAME:-default}\` take an environment variable, \`\${file:/path}\` the content of a file (for secrets).
  The default also stands in for an empty variable. A literal \`\${\` is written \`$\${\`. Inside \`[ ]\` and \`{ }\`, quote them.
- Durations are a whole number with its unit: \`250ms\`, \`30s\`, \`5m\`, \`1h\`, \`30d\`.
- Sizes are a whole number with its unit: \`512b\`, \`64kb\`, \`10mb\`, \`1gb\`.
- A list of one item may be written as that item.

Generated from \`gateway/settings/schema/settings.ts\` by \`npm run schema\`.

| option | default | meaning |
| --- | --- | --- |
${rows.join('\n')}
`;
}

function rowsOf(name: string, option: Option, required: boolean): string[] {
  const [suffix, holder] = holderOf(option);
  const { properties: inner, required: needed = [] } = holder;
  const prefix = name + suffix;
  const row = `| \`${name}\` | ${inner === undefined || required ? defaultOf(option, required) : ''} | ${option.description ?? ''} |`;
  const rows = Object.entries(inner ?? {}).flatMap(([key, value]) =>
    rowsOf(`${prefix}.${key}`, value, needed.includes(key)),
  );
  return [row, ...rows];
}

/** The schema of the options below this one: its own, that of its list items, or that of the values of a free-form map. */
function holderOf(option: Option): [suffix: string, holder: Option] {
  const list = [option, ...(option.anyOf ?? [])].find(({ items }) => items !== undefined);
  if (list?.items !== undefined) return ['[]', inFull(list.items)];
  if (option.additionalProperties) return ['.NAME', option.additionalProperties];
  return ['', inFull(option)];
}

/** The full form of an option that also has a short form. */
function inFull(option: Option): Option {
  return option.anyOf?.find(({ properties }) => properties !== undefined) ?? option;
}

function defaultOf(option: Option, required: boolean): string {
  if (required) return '**required**';
  return option.default === undefined ? '' : `\`${JSON.stringify(option.default).replaceAll('|', '\\|')}\``;
}
