import { asSluiceError, type Language, SluiceError } from '../../core/errors.ts';
import { terminalLanguage } from '../../core/terminal-language.ts';

export type Print = (line: string) => void;
export type Command = (args: readonly string[], language: Language, print: Print) => Promise<number>;

const EXIT_CONFIG = 78;

/** Runs one of `commands`, and tells its errors in the language of the terminal. Exit status: 0 done, 78 for wrong options, else 1. */
export async function runCommandLine(
  name: string,
  usage: Readonly<Record<Language, string>>,
  commands: Readonly<Record<string, Command>>,
): Promise<void> {
  const [command = '--help', ...args] = process.argv.slice(2);
  const language = terminalLanguage();
  const print: Print = (line) => void process.stdout.write(`${line}\n`);
  try {
    if (command === '--help' || command === '-h') return print(usage[language]);
    if (!Object.hasOwn(commands, command))
      throw new SluiceError('OPTION_INVALID', { problem: command, known: Object.keys(commands).join(', ') });
    process.exitCode = await commands[command]!(args, language, print);
  } catch (thrown) {
    const error = asSluiceError(thrown);
    process.stderr.write(`${name}: ${error.text(language)}\n`);
    process.exitCode = error.code === 'OPTION_INVALID' ? EXIT_CONFIG : 1;
  }
}
