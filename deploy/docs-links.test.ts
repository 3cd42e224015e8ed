import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';

const PAGES = globSync(
  '{README*,docs/**/*,{broker,core,dashboards,deploy,firmware-sim,gateway,ingest}/**/README}.md',
  {
    exclude: (name) => name.includes('node_modules'),
  },
);
const DOCUMENTS = globSync('docs/*.md');
const CHINESE = '.zh-CN.md';

interface Link {
  readonly to: string;
  readonly anchor: string;
}

function linksOf(page: string): readonly Link[] {
  const prose = readFileSync(page, 'utf8').replace(/^```.*?^```$/gms, '');
  return [...prose.matchAll(/\]\(([^)\s#]*)#?([^)\s]*)\)/g)]
    .filter(([, target = '']) => !/^\w+:/.test(target))
    .map(([, target = '', anchor = '']) => ({
      to: target === '' ? page : normalize(join(dirname(page), target)),
      anchor,
    }));
}

/** As GitHub makes it: small letters, spaces as lines, and of punctuation only the line. */
const anchorOf = (heading: string) =>
  heading
    .toLowerCase()
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/[^\p{L}\p{N}_\- ]/gu, '')
    .replaceAll(' ', '-');

const anchorsOf = (page: string) =>
  [...readFileSync(page, 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, heading]) => anchorOf(heading!));

test.each(PAGES)('the links of %s lead somewhere', (page) => {
  const lost = linksOf(page).filter(
    ({ to, anchor }) => !existsSync(to) || (anchor !== '' && !anchorsOf(to).includes(anchor)),
  );
  expect(lost).toEqual([]);
});

test.each([
  ['README.md', (file: string) => !file.endsWith(CHINESE)],
  ['README.zh-CN.md', (file: string) => file.endsWith(CHINESE) || file.endsWith('errors.md')],
] as const)('%s leads to every document', (readme, isOfItsLanguage) => {
  const reached = linksOf(readme).map(({ to }) => to);
  expect(DOCUMENTS.filter(isOfItsLanguage).filter((file) => !reached.includes(file))).toEqual([]);
});

test.each(PAGES.filter((page) => page.endsWith(CHINESE)))(
  '%s leads a Chinese reader to Chinese pages',
  (page) => {
    const own = page.replace(CHINESE, '.md');
    const english = linksOf(page).filter(
      ({ to }) =>
        to !== own && to.endsWith('.md') && !to.endsWith(CHINESE) && existsSync(to.replace('.md', CHINESE)),
    );
    expect(english).toEqual([]);
  },
);

/** What of a page can be counted: a row, a step or an example that one language lacks. */
function shapeOf(page: string) {
  const lines = readFileSync(page, 'utf8').split('\n');
  const count = (form: RegExp) => lines.filter((line) => form.test(line)).length;
  return {
    headings: count(/^#+ /),
    rows: count(/^\|/),
    points: count(/^ *- /),
    steps: count(/^ *\d+\. /),
    examples: count(/^```\w/),
    pictures: count(/!\[/),
  };
}

test.each(PAGES.filter((page) => page.endsWith(CHINESE)))('%s has all parts of its English twin', (page) => {
  expect(shapeOf(page)).toEqual(shapeOf(page.replace(CHINESE, '.md')));
});
