import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { asSluiceError, type Language, reasonOf, SluiceError } from '../../../core/errors.ts';
import { LINK_CLASSES } from '../../../core/links/measures.ts';
import type { ProbeFigures } from '../statement/figures.ts';
import { statementHtml } from '../statement/html/statement-html.ts';
import { WORDS } from '../statement/html/words.ts';
import { statementCsv } from '../statement/statement-csv.ts';
import type { Statement } from '../statement/statement-format.ts';
import { putVerifier, VERIFIER_NAME } from '../statement/verifier/build-verifier.ts';
import { reportLines } from '../statement/verifier/report.ts';
import { verifyStatement } from '../statement/verify-statement.ts';
import { askIngest, DEFAULT_URL } from './ask-ingest.ts';
import { parsedOptions } from './parsed-options.ts';

export const STATEMENT_KNOWN =
  'statement --month YYYY-MM (--link ID… | --class intra|inter|international… | --all) [--zone ZONE] [--lang en|zh|both] [--url URL] [--out FOLDER]';

/** Fetches a statement, makes every figure of it anew, and writes it as JSON, HTML and CSV. Returns the exit status. */
export async function statementCommand(
  args: readonly string[],
  language: Language,
  print: (line: string) => void,
): Promise<number> {
  const options = readOptions(args);
  const query = new URLSearchParams({ month: options.month, timeZone: options.zone });
  for (const link of options.links) query.append('link', link);
  for (const one of options.classes) query.append('class', one);
  const answer = await askIngest(options.url, `/api/v1/links/statement?${query}`, language);
  let text: string;
  try {
    text = await answer.text();
  } catch (error) {
    throw new SluiceError('STATEMENT_UNREADABLE', { file: options.url, reason: reasonOf(error) }, error);
  }
  const verification = verifyStatement(text);
  const { statement, sha256, findings } = verification;
  if (!statement || findings.length > 0) {
    for (const line of reportLines(verification, options.url, language)) print(line);
    return 1;
  }
  const { folder, files } = write(text, statement, { sha256, ...options });
  for (const file of files) print(file);
  print(await verifierLine(folder, language));
  print('');
  for (const line of summary(statement, language)) print(line);
  print(`${WORDS[language].fingerprint}: ${statement.issuer.fingerprint}`);
  return 0;
}

/** A statement without the program is one all the same, and what is amiss is said. */
async function verifierLine(folder: string, language: Language): Promise<string> {
  const file = join(folder, VERIFIER_NAME);
  try {
    await putVerifier(file);
    return file;
  } catch (error) {
    return `${VERIFIER_NAME}: ${asSluiceError(error).text(language)}`;
  }
}

function summary({ links, period }: Statement, language: Language): string[] {
  const words = WORDS[language];
  const provisional = period.provisional ? ` (${words.provisionalShort})` : '';
  return links.map(({ id, probes }) => {
    const { verdict } = probes[0]!.figures as ProbeFigures;
    return `${period.month}${provisional}  ${id}  ${words[verdict]}`;
  });
}

type Options = ReturnType<typeof readOptions>;

function readOptions(args: readonly string[]) {
  const text = { type: 'string' } as const;
  const several = { type: 'string', multiple: true } as const;
  const values = parsedOptions(
    args,
    {
      ...{ month: text, zone: text, url: text, out: text, lang: text },
      ...{ link: several, class: several, all: { type: 'boolean' } },
    },
    STATEMENT_KNOWN,
  );
  const refuse = (problem: string) => new SluiceError('OPTION_INVALID', { problem, known: STATEMENT_KNOWN });
  const { month, link: links = [], class: classes = [], all = false, lang = 'both' } = values;
  if (!month) throw refuse('--month is missing');
  const wrong = classes.find((one) => !(LINK_CLASSES as readonly string[]).includes(one));
  if (wrong !== undefined) throw refuse(`--class ${wrong}`);
  if ([links.length > 0, classes.length > 0, all].filter(Boolean).length !== 1)
    throw refuse('exactly one of --link, --class and --all');
  if (lang !== 'en' && lang !== 'zh' && lang !== 'both') throw refuse(`--lang ${lang}`);
  const languages: readonly Language[] = lang === 'both' ? ['en', 'zh'] : [lang];
  const zone = values.zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
  const { url = DEFAULT_URL, out } = values;
  if (!URL.canParse(url)) throw refuse(`--url ${url}`);
  return { month, zone, links, classes, languages, url, out };
}

function write(
  text: string,
  statement: Statement,
  { sha256, languages, out }: Options & { readonly sha256: string },
): { readonly folder: string; readonly files: string[] } {
  const [only, ...others] = statement.links;
  const which = others.length === 0 ? only!.id : `${statement.links.length}-links`;
  const name = `statement_${statement.period.month}_${which}`;
  const folder = resolve(out ?? name);
  const contents: Record<string, string> = {
    json: text,
    html: statementHtml(statement, sha256, languages),
  };
  for (const [table, csv] of Object.entries(statementCsv(statement))) contents[`${table}.csv`] = csv;
  try {
    mkdirSync(folder, { recursive: true });
    const files = Object.entries(contents).map(([end, content]) => {
      const file = join(folder, `${name}.${end}`);
      // Under its name it is whole.
      writeFileSync(`${file}.part`, content);
      renameSync(`${file}.part`, file);
      return file;
    });
    return { folder, files };
  } catch (error) {
    throw new SluiceError('STATEMENT_NOT_WRITTEN', { folder, reason: reasonOf(error) }, error);
  }
}
