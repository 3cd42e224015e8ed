import { constants, setPriority } from 'node:os';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { systemClock } from '../../core/clock.ts';
import { asSluiceError, reasonOf, SluiceError } from '../../core/errors.ts';
import { terminalLanguage } from '../../core/terminal-language.ts';
import { backUp } from './back-up.ts';
import { type Manifest, STORE_FILE } from './manifest.ts';
import { restore } from './restore.ts';

const COMMANDS: Readonly<Record<string, (args: string[]) => Promise<string>>> = {
  async backup(args) {
    const known = 'backup --data FOLDER --to FOLDER [--keep N] [--mb-per-s N]';
    const { values } = parsed(args, known, {
      data: { type: 'string' },
      to: { type: 'string' },
      keep: { type: 'string' },
      'mb-per-s': { type: 'string' },
    });
    if (!values.to) throw new SluiceError('OPTION_INVALID', { problem: '--to FOLDER is missing', known });
    const keep = values.keep === undefined ? undefined : whole('--keep', values.keep, known);
    const megabytesPerS = whole('--mb-per-s', values['mb-per-s'] ?? '50', known);
    // What measures and stores goes first.
    setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
    const options = { dataFolder: resolve(values.data ?? 'data'), toFolder: resolve(values.to) };
    const bytesPerS = megabytesPerS * 1e6;
    const { folder, manifest } = await backUp(
      { ...options, bytesPerS, ...(keep !== undefined && { keep }) },
      systemClock,
    );
    return `${folder}\n${told(manifest)}`;
  },

  async restore(args) {
    const known = 'restore BACKUP --data FOLDER [--replace]';
    const { values, positionals } = parsed(args, known, {
      data: { type: 'string' },
      replace: { type: 'boolean' },
    });
    const [backup, ...others] = positionals;
    if (!backup || others.length > 0 || !values.data) {
      throw new SluiceError('OPTION_INVALID', { problem: 'one BACKUP and --data FOLDER are needed', known });
    }
    const options = { backup: resolve(backup), dataFolder: resolve(values.data) };
    const { manifest, movedTo } = await restore(
      { ...options, replaces: values.replace ?? false },
      systemClock,
    );
    return `${movedTo ? `moved what was there to ${movedTo}\n` : ''}restored\n${told(manifest)}`;
  },
};

export const BACKUP_USAGE = `
  backup --data FOLDER --to FOLDER [--keep N] [--mb-per-s N]   a copy of the data folder, while ingest runs or not
  restore BACKUP --data FOLDER [--replace]                     puts one back, while ingest does not run
`;

/** Whether `args` are one of these commands, which is then done. Exit status 1 where it failed. */
export async function runBackupCommand([name = '', ...args]: string[]): Promise<boolean> {
  if (!Object.hasOwn(COMMANDS, name)) return false;
  try {
    process.stdout.write(`${await COMMANDS[name]!(args)}\n`);
  } catch (thrown) {
    process.stderr.write(`${name}: ${asSluiceError(thrown).text(terminalLanguage())}\n`);
    process.exitCode = 1;
  }
  return true;
}

function told({ startedAt, endedAt, files }: Manifest): string {
  const lines = files.map(({ path, bytes, rows, damaged }) => {
    const counts = Object.entries(rows).map(([table, count]) => `${count} ${table}`);
    const warning = damaged > 0 ? `; ${damaged} parts were damaged already before` : '';
    return `  ${path}: ${(bytes / 1e6).toFixed(1)} MB, ${counts.join(', ')}${warning}`;
  });
  const hint = files.some(({ path }) => path === STORE_FILE)
    ? []
    : ['  no readings: they are in another store, which is to be copied by its own means, after this'];
  return [`copied from ${startedAt} to ${endedAt}`, ...lines, ...hint].join('\n');
}

function parsed<T extends NonNullable<Parameters<typeof parseArgs>[0]>['options'] & object>(
  args: string[],
  known: string,
  options: T,
) {
  try {
    return parseArgs({ args, options, allowPositionals: true });
  } catch (error) {
    throw new SluiceError('OPTION_INVALID', { problem: reasonOf(error), known }, error);
  }
}

function whole(option: string, text: string, known: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) {
    throw new SluiceError('OPTION_INVALID', {
      problem: `${option} ${text} is no whole number from 1`,
      known,
    });
  }
  return Number(text);
}
