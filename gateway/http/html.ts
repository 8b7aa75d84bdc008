import { html as markup } from 'htm/preact';
import type { ComponentChildren, VNode } from 'preact';
import { renderToString } from 'preact-render-to-string';

/** Markup as it is written; every value in it is escaped. */
export const html = markup as (strings: TemplateStringsArray, ...values: unknown[]) => VNode;

export type Content = ComponentChildren;

/** @param root the `<html>` element */
export function renderDocument(root: VNode): string {
  return `<!doctype html>${renderToString(root)}`;
}
