import { readFileSync } from 'node:fs';
import { type OpsAnswer, uncached } from '../answers.ts';

const HTML = 'text/html; charset=utf-8';
const SCRIPT = 'text/javascript; charset=utf-8';
const STYLE = 'text/css; charset=utf-8';

/** By path: the type, and where the file is. Packages are read from where they are installed. */
const FILES: readonly (readonly [path: string, type: string, from: string])[] = [
  ['/console', HTML, './page/page.html'],
  ['/console/', HTML, './page/page.html'],
  ['/console/page.css', STYLE, './page/page.css'],
  ...['main', 'connection', 'overview', 'plots', 'tables', 'explain', 'text'].map(
    (name) => [`/console/${name}.js`, SCRIPT, `./page/${name}.js`] as const,
  ),
  ['/console/preact.js', SCRIPT, 'preact'],
  ['/console/htm.js', SCRIPT, 'htm'],
  ['/console/uplot.js', SCRIPT, 'uplot/dist/uPlot.esm.js'],
  ['/console/uplot.css', STYLE, 'uplot/dist/uPlot.min.css'],
];

/** The files of the page, kept in memory. @returns answers by path; null: there is no such file */
export function createPageFiles(): (path: string) => OpsAnswer | null {
  const answers = new Map(
    FILES.map(([path, type, from]) => [path, uncached(200, type, readFileSync(new URL(import.meta.resolve(from))))]),
  );
  return (path) => answers.get(path) ?? null;
}
