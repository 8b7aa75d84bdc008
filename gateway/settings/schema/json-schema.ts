import { z } from 'zod';
import { settingsSchema } from './settings.ts';

type JsonSchema = z.core.JSONSchema.BaseSchema;

const INTERPOLATED = { $ref: '#/definitions/interpolated' };

/**
 * The JSON Schema of the file format: durations are text, a list of one may be written as its item, and every value may
 * contain `${…}`. Draft 07, which editors support best.
 */
export function configurationJsonSchema(): object {
  const schema = settingsSchema((name, fallback) => `\${${name}:-${fallback}}`);
  const { $schema, ...root } = z.toJSONSchema(schema, { io: 'input', target: 'draft-07' });
  return {
    $schema,
    title: 'Gatehouse configuration',
    ...asWritten(root),
    definitions: { interpolated: { type: 'string', pattern: '\\$\\{' } },
  };
}

function asWritten(schema: JsonSchema): object {
  if (schema.shorthand === true) {
    const { shorthand: _, description, ...inFull } = schema;
    return { ...(description && { description }), anyOf: [{ type: 'string' }, asWritten(inFull)] };
  }
  if (schema.orItem === true) {
    const { orItem: _, description, ...list } = schema;
    return { ...(description && { description }), anyOf: [asWritten(notBoolean(list.items)), asWritten(list)] };
  }
  // JSON Schema cannot express the predicates of the format "text".
  const { description, default: preset, format: _, ...value } = schema;
  const about = { ...(description && { description }), ...(preset !== undefined && { default: preset }) };
  return { ...about, ...formsOf(value) };
}

function formsOf(value: JsonSchema): object {
  if (value.properties !== undefined) {
    const written = Object.entries(value.properties).map(([key, option]) => [key, asWritten(notBoolean(option))]);
    return { ...value, properties: Object.fromEntries(written) };
  }
  if (value.additionalProperties !== undefined && value.additionalProperties !== false) {
    return { ...value, additionalProperties: asWritten(notBoolean(value.additionalProperties)) };
  }
  if (value.type === 'array') {
    const itemSchema = notBoolean(value.items);
    const item = asWritten(itemSchema);
    const list = { ...value, items: item };
    return itemSchema.type === 'object' && itemSchema.shorthand !== true ? list : { anyOf: [item, list] };
  }
  const isAnyText = value.type === 'string' && value.pattern === undefined && value.enum === undefined;
  return isAnyText ? value : { anyOf: [value, INTERPOLATED] };
}

function notBoolean(schema: JsonSchema['items']): JsonSchema {
  if (typeof schema === 'object' && !Array.isArray(schema)) return schema;
  throw new TypeError('every option has a schema of its own, and the items of a list share one');
}
