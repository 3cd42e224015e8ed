import { parseArgs } from 'node:util';
import { asSluiceError, type Language, reasonOf, SluiceError } from '../../core/errors.ts';
import { terminalLanguage } from '../../core/terminal-language.ts';
import { parseDuration } from '../http/parse-duration.ts';
import { parseTime } from '../http/parse-time.ts';
import { LETTER_KINDS, type LetterKind } from './letter.ts';
import type { LetterFilter } from './letter-file.ts';
import { type LettersDoor, openLetters } from './letters-door.ts';
import type { ReplayReport } from './replayer.ts';

const COMMANDS = ['letters', 'replay'] as const;
type LetterCommand = (typeof COMMANDS)[number];

const KNOWN =
  '[--code CODE] [--site SITE] [--gateway GATEWAY] [--kind KIND] [--from TIME] [--to TIME] [--url URL | --config FILE [--data FOLDER]]';
export const LETTERS_USAGE = `
  letters ${KNOWN} [--limit N]
                  what was refused for good, newest first
  replay  ${KNOWN} [--shift=±DURATION] [--dry-run]
                  try it again, with its times moved where --shift says so
`;
const MOST_LISTED = 1_000;

/** `npm run ingest -- letters` and `… replay`; false where neither was asked for. Exit status: 0 where it was done, else 1. */
export async function runLetterCommand([first, ...parameters]: readonly string[]): Promise<boolean> {
  const command = COMMANDS.find((one) => one === first);
  if (command) await run(command, parameters);
  return command !== undefined;
}

async function run(command: LetterCommand, parameters: readonly string[]): Promise<void> {
  const language = terminalLanguage();
  try {
    const options = parseOptions(command, parameters);
    const door = await openLetters(options);
    try {
      const print = (line: string) => void process.stdout.write(`${line}\n`);
      if (command === 'letters') await list(door, options, language, print);
      else await replay(door, options, print);
    } finally {
      await door.close();
    }
  } catch (thrown) {
    process.stderr.write(`ingest: ${asSluiceError(thrown).text(language)}\n`);
    process.exitCode = 1;
  }
}

type Options = ReturnType<typeof parseOptions>;

async function list(
  door: LettersDoor,
  { filter, limit }: Options,
  language: Language,
  print: (line: string) => void,
): Promise<void> {
  const { letters, reasons, counts } = await door.list(filter, limit);
  for (const [at, { id, site, gateway, code, receivedMs, state }] of letters.entries()) {
    const when = new Date(receivedMs).toISOString();
    const who = site === '' ? '-' : `${site}/${gateway}`;
    print(`${id}  ${when}  ${state}  ${who}  ${code}  ${reasons[at]![language]}`);
  }
  print('');
  for (const { site, gateway, code, waiting, replayed, more, gone } of counts)
    print(
      `${site}/${gateway}  ${code}  waiting ${waiting}, replayed ${replayed}, only counted ${more}, gone ${gone}`,
    );
}

/** Page by page, so that it may be stopped and begun again at any time. */
async function replay(
  door: LettersDoor,
  { filter, shiftMs, isDryRun }: Options,
  print: (line: string) => void,
): Promise<void> {
  let after: number | undefined;
  const total = { lookedAt: 0, replayed: 0, notReplayable: 0, unanswered: 0 };
  const refused: Record<string, number> = {};
  do {
    const report: ReplayReport = await door.replay({
      ...{ ...filter, shiftMs, isDryRun },
      ...(after === undefined ? {} : { after }),
    });
    for (const name of ['lookedAt', 'replayed', 'notReplayable', 'unanswered'] as const)
      total[name] += report[name];
    for (const [code, letters] of Object.entries(report.refused))
      refused[code] = (refused[code] ?? 0) + letters;
    after = report.next;
  } while (after !== undefined && total.unanswered === 0);
  print(
    `${total.lookedAt} letters: ${total.replayed} ${isDryRun ? 'would be stored' : 'stored'}, ${total.notReplayable} cannot be replayed, ${total.unanswered} without an answer of the store`,
  );
  for (const [code, letters] of Object.entries(refused)) print(`refused again: ${code} ${letters}`);
  if (total.unanswered > 0) process.exitCode = 1;
}

function parseOptions(command: LetterCommand, parameters: readonly string[]) {
  const known = `${command} ${KNOWN} ${command === 'letters' ? '[--limit N]' : '[--shift=±DURATION] [--dry-run]'}`;
  const refuse = (problem: string) => new SluiceError('OPTION_INVALID', { problem, known });
  const text = { type: 'string' } as const;
  const several = { type: 'string', multiple: true } as const;
  const own =
    command === 'letters' ? { limit: text } : { shift: text, 'dry-run': { type: 'boolean' } as const };
  const options = { code: several, site: several, gateway: several, kind: text, from: text, to: text };
  let values: Partial<Record<string, string | string[] | boolean>>;
  try {
    const args = [...parameters];
    ({ values } = parseArgs({ args, options: { ...options, ...own, url: text, config: text, data: text } }));
  } catch (error) {
    throw refuse(reasonOf(error));
  }
  const one = (name: string) => values[name] as string | undefined;
  const kind = one('kind');
  if (kind !== undefined && !LETTER_KINDS.includes(kind as LetterKind)) throw refuse(`--kind ${kind}`);
  const limit = Number(one('limit') ?? 100);
  if (!Number.isInteger(limit) || limit < 1 || limit > MOST_LISTED) throw refuse(`--limit ${one('limit')}`);
  const list = (name: string) => values[name] as string[] | undefined;
  const [codes, sites, gateways] = [list('code'), list('site'), list('gateway')];
  if (codes && codes.length > 1) throw refuse('--code is given twice');
  const from = one('from');
  const to = one('to');
  const filter: LetterFilter = {
    ...(codes ? { codes } : {}),
    ...(sites ? { sites } : {}),
    ...(gateways ? { gateways } : {}),
    ...(kind === undefined ? {} : { kind: kind as LetterKind }),
    ...(from === undefined ? {} : { fromMs: parseTime('--from', from) }),
    ...(to === undefined ? {} : { toMs: parseTime('--to', to) }),
  };
  return {
    ...{ filter, limit, isDryRun: values['dry-run'] === true, shiftMs: parseShift(one('shift')) },
    ...{ url: one('url'), configFile: one('config'), dataFolder: one('data') ?? 'data' },
  };
}

/** `-8h`, `+365d`: what is added to the time of each reading. */
function parseShift(text: string | undefined): number {
  if (text === undefined) return 0;
  return (text.startsWith('-') ? -1 : 1) * parseDuration('--shift', text.replace(/^[+-]/, ''));
}
