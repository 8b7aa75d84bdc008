import { type Document, isAlias, isMap, isScalar, isSeq, parseDocument, visit, type YAMLError } from 'yaml';
import type { Finding } from './problem.ts';

/** More uses of nested aliases than this are an attempt to exhaust memory ("billion laughs"). */
const ALIAS_LIMIT = 1_000;

/** A parsed YAML text. Its values must not be read unless it is `usable`; a duplicate key leaves it usable. */
export interface YamlText {
  readonly document: Document.Parsed;
  readonly mistakes: readonly Finding[];
  readonly usable: boolean;
}

/** Parses YAML 1.2 with merge keys (`<<`): one document, only text keys, no custom tags. */
export function parseYaml(text: string): YamlText {
  const document = parseDocument(text, {
    prettyErrors: false,
    stringKeys: true,
    merge: true,
    resolveKnownTags: false,
    logLevel: 'error',
  });
  const { duplicates = [], others = [] } = Object.groupBy([...document.errors, ...document.warnings], ({ code }) =>
    code === 'DUPLICATE_KEY' ? 'duplicates' : 'others',
  );
  // Only the first syntax error: later ones are often its consequences.
  const syntax = others.sort((a, b) => a.pos[0] - b.pos[0]).slice(0, 1);
  const misused = syntax.length > 0 ? [] : [...aliasesWithoutAnchor(document), ...misusedKeys(document)];
  const errors = [...duplicates, ...syntax].map((error) => ({
    offset: error.pos[0],
    path: [],
    message: explain(error, text),
  }));
  return { document, mistakes: [...errors, ...misused], usable: syntax.length + misused.length === 0 };
}

/** The line and the column of an offset, counted from 1. The library's `LineCounter` misses lines behind some errors. */
export function lineAndColumn(text: string, offset: number): { readonly line: number; readonly column: number } {
  const before = text.slice(0, offset);
  return { line: before.split('\n').length, column: offset - before.lastIndexOf('\n') };
}

/** The values as plain data, or why there are none. */
export function dataOf(document: Document.Parsed): { readonly data: unknown } | { readonly finding: Finding } {
  const { contents } = document;
  if (!isMap(contents)) {
    const wrong = contents === null ? 'the file is empty' : 'the file holds a list or a single value, not a map';
    const message = `${wrong}; must be a map of options, of which "routes" is required`;
    return { finding: { offset: contents?.range[0] ?? 0, path: [], message } };
  }
  try {
    return { data: document.toJS({ maxAliasCount: ALIAS_LIMIT }) };
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
    const message = `aliases of aliases multiply to more than ${ALIAS_LIMIT} values; write the values out`;
    return { finding: { offset: contents.range[0], path: [], message } };
  }
}

function aliasesWithoutAnchor(document: Document.Parsed): Finding[] {
  const anchors = new Set<string>();
  const missing: Finding[] = [];
  visit(document, {
    Value(_, node) {
      if (node.anchor !== undefined) anchors.add(node.anchor);
    },
    Alias(_, { source, range }) {
      if (anchors.has(source)) return;
      const quoted = source.startsWith('.') ? `; a host pattern must be in quotes: "*${source}"` : '';
      const message = `there is no anchor &${source} before the alias *${source}${quoted}`;
      missing.push({ offset: range?.[0] ?? 0, path: [], message });
    },
  });
  return missing;
}

/**
 * Merge keys that do not merge maps, or a map into itself, for both of which the library throws when the values are read; and
 * `__proto__`, which zod leaves out of maps with names of the operator.
 */
function misusedKeys(document: Document.Parsed): Finding[] {
  const found: Finding[] = [];
  visit(document, {
    Pair(_, { key, value }, ancestors) {
      if (!isScalar(key)) return;
      const refuse = (message: string) => found.push({ offset: key.range?.[0] ?? 0, path: [], message });
      if (key.value === '__proto__') refuse('the key __proto__ cannot be used; choose another name');
      if (key.value !== '<<' || key.type !== 'PLAIN') return;
      const merged = aliased(document, value);
      const maps = (isSeq(merged) ? merged.items : [merged]).map((item) => aliased(document, item));
      if (!maps.every(isMap)) refuse('"<<" merges maps; must be an alias of a map, such as *name, or a list of them');
      else if (maps.some((map) => ancestors.includes(map))) refuse('this merges a map into itself');
    },
  });
  return found;
}

function aliased(document: Document.Parsed, node: unknown): unknown {
  return isAlias(node) ? node.resolve(document) : node;
}

function explain({ code, message, pos: [offset] }: YAMLError, text: string): string {
  if (text.slice(offset - 1, offset + 1) === '${') {
    return `a "\${…}" inside [ ] or { } must be in quotes, such as ["\${NAME}"]`;
  }
  switch (code) {
    case 'DUPLICATE_KEY':
      return `the key ${/^[^\s:]+/.exec(text.slice(offset)) ?? 'here'} is in this map already; each key may occur once`;
    case 'TAB_AS_INDENT':
      return 'a tab is used as indentation; YAML allows only spaces there';
    case 'BLOCK_AS_IMPLICIT_KEY':
      return 'a second ": " belongs to this value; put text with ": " in quotes, or check how the next line is indented';
    case 'BAD_SCALAR_START':
      return `${message}; put the value in quotes`;
    case 'MULTIPLE_DOCS':
      return 'a second document begins here; the file must hold one, so remove the "---" line';
    case 'TAG_RESOLVE_FAILED':
      return 'tags that begin with "!" are not known here; remove it, or put the value in quotes';
    case 'RESOURCE_EXHAUSTION':
      return 'lists or maps are nested too deeply here';
    case 'NON_STRING_KEY':
      return 'this key is a list or a map; keys must be text';
    default:
      // The library quotes the offending text, which may be a secret.
      return `this is not valid YAML: ${message.replace(/: ".*/s, '')}`;
  }
}
