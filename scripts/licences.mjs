import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { init } from 'license-checker-rseidelsohn';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const PAGE = join(ROOT, 'THIRD-PARTY-LICENSES.md');
/** Licences that ask for their text and notices beside the program, and for nothing else. */
const ACCEPTED = ['MIT', 'MIT-0', 'ISC', 'BSD-2-Clause', 'BSD-3-Clause', '0BSD', 'BlueOak-1.0.0', 'Apache-2.0'];
const INTRODUCTION = `# Licences of third parties

The gateway runs with these packages, which npm installs with it, and which are part of the image and of the Debian package. Packages with
the same text of their licence are listed together. Written by \`npm run licences\`.
`;

const page = pageOf(await packages());
if (process.argv[2] !== '--check') writeFileSync(PAGE, page);
else if (readFileSync(PAGE, 'utf8') !== page) {
  process.stderr.write('THIRD-PARTY-LICENSES.md is not that of the installed packages: run npm run licences\n');
  process.exitCode = 1;
}

/** The packages with which the gateway runs, in the order of their names. @throws Error for a licence that is not accepted */
async function packages() {
  const format = {
    name: '',
    version: '',
    licenses: '',
    licenseFile: '',
    licenseText: '',
    noticeFile: '',
    publisher: '',
  };
  const options = { start: ROOT, production: true, excludePackages: '@gatehouse/gateway', customFormat: format };
  const found = Object.values(await promisify(init)(options));
  for (const { name, version, licenses } of found) {
    if (!ACCEPTED.includes(licenses)) throw new Error(`${name} ${version}: ${licenses} is not an accepted licence`);
  }
  return found.toSorted((a, b) => (`${a.name} ${a.version}` < `${b.name} ${b.version}` ? -1 : 1));
}

function pageOf(found) {
  const sections = Map.groupBy(found, (one) => [one.licenses, textOf(one)].join('\n\n'));
  const written = [...sections].map(([text, members]) => {
    const names = members.map(({ name, version }) => `- ${name} ${version}`).join('\n');
    const fence = text.includes('```') ? '````' : '```';
    return `\n## ${members[0].name}\n\n${names}\n\n${fence}text\n${text}\n${fence}\n`;
  });
  return INTRODUCTION + written.join('');
}

/** The licence, and the notices that Apache-2.0 asks to keep. Some packages have the text in their README only, or none. */
function textOf({ name, publisher, licenseFile, licenseText, noticeFile }) {
  const inReadme = /readme[^/]*$/i.test(licenseFile);
  const section = inReadme ? (/^#+ *licen[cs]e[\s\S]*/im.exec(licenseText)?.[0] ?? '') : licenseText;
  const text =
    section.trim() === '' ? `No text is in the package ${name}${publisher ? ` by ${publisher}` : ''}.` : section;
  const notice = noticeFile ? `\n\n${readFileSync(noticeFile, 'utf8')}` : '';
  return `${text}${notice}`.replaceAll(/[ \t]*\r?\n/g, '\n').trim();
}
