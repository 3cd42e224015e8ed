import { dirname, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Static, TSchema } from 'typebox';
import { keepAliveFile } from './alive-file.ts';
import { systemClock } from './clock.ts';
import { loadConfig } from './config.ts';
import type { ServiceContext } from './context.ts';
import { asSluiceError, reasonOf, SluiceError } from './errors.ts';
import { type Service, Supervisor } from './lifecycle.ts';
import { createLog, LOG_LEVELS, type LogLevel } from './log.ts';
import { stopOnSignals } from './stop-on-signals.ts';
import { terminalLanguage } from './terminal-language.ts';

/** `sysexits.h` EX_CONFIG: a service manager should not start it again before somebody has changed something. */
const EXIT_CONFIG = 78;

export interface Program<T extends TSchema> {
  readonly name: string;
  readonly schema: T;
  /** Used where `--config` is not given; without it `--config` must be. */
  readonly defaultConfigFile?: string;
  readonly defaultLogLevel?: LogLevel;
  /** Lines of `--help` about what the program handles before it comes here. */
  readonly moreUsage?: string;
  /** Touches no hardware, network or data folder, and throws for settings that contradict each other. */
  create(config: Static<T>, context: ServiceContext): Service | readonly Service[];
}

/**
 * The life of a process: options, configuration, start, stop on SIGINT, SIGTERM or SIGHUP (its terminal has gone). What ends it is told
 * in the language of the terminal. A
 * second signal, or a stop that takes too long, ends the process at once. Exit status: 0 after a stop, 78 for a configuration that
 * must be changed, 1 for anything else.
 */
export async function runService<T extends TSchema>(program: Program<T>): Promise<void> {
  try {
    await run(program);
  } catch (thrown) {
    const error = asSluiceError(thrown);
    process.stderr.write(`${program.name}: ${error.text(terminalLanguage())}\n`);
    if (error.code === 'INTERNAL' && thrown instanceof Error) process.stderr.write(`${thrown.stack}\n`);
    process.exitCode = error.retryable || error.code === 'INTERNAL' ? 1 : EXIT_CONFIG;
  }
}

async function run<T extends TSchema>(program: Program<T>): Promise<void> {
  const options = parseOptions(program);
  if (options.help) {
    process.stdout.write(usage(program));
    return;
  }
  // Whatever is written from here on is for its owner only, as under systemd.
  process.umask(0o077);
  const config = loadConfig(program.schema, options.configFile);
  const log = createLog(options.logLevel);
  const dataFolder = resolve(options.dataFolder);
  const created = program.create(config, {
    clock: systemClock,
    log,
    dataFolder,
    configFolder: dirname(resolve(options.configFile)),
    states: () => supervisor.states(),
    announce: (line) => process.stdout.write(`${line}\n`),
  });
  const supervisor: Supervisor = new Supervisor([created].flat(), systemClock, log);
  if (options.check) {
    process.stdout.write(`${options.configFile}: valid\n`);
    return;
  }
  const aliveOptions = { clock: systemClock, log, states: () => supervisor.states() };
  const endAliveFile = options.aliveFile ? keepAliveFile(options.aliveFile, aliveOptions) : () => {};
  stopOnSignals(program.name, () => {
    endAliveFile();
    return supervisor.stop();
  });
  try {
    await supervisor.start();
  } catch (error) {
    endAliveFile();
    throw error;
  }
}

interface Options {
  readonly configFile: string;
  readonly dataFolder: string;
  readonly logLevel: LogLevel;
  readonly aliveFile: string | undefined;
  readonly check: boolean;
  readonly help: boolean;
}

function parseOptions<T extends TSchema>(program: Program<T>): Options {
  const known = `--config FILE, --data FOLDER, --log ${LOG_LEVELS.join('|')}, --alive FILE, --check, --help`;
  const refuse = (problem: string) => new SluiceError('OPTION_INVALID', { problem, known });
  let values: {
    config?: string;
    data?: string;
    log?: string;
    alive?: string;
    check?: boolean;
    help?: boolean;
  };
  try {
    ({ values } = parseArgs({
      options: {
        config: { type: 'string' },
        data: { type: 'string' },
        log: { type: 'string' },
        alive: { type: 'string' },
        check: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    }));
  } catch (error) {
    throw refuse(reasonOf(error));
  }
  const configFile = values.config ?? program.defaultConfigFile;
  if (configFile === undefined && !values.help) throw refuse('--config FILE is missing');
  if (values.data === '') throw refuse('--data names no folder');
  const logLevel = values.log ?? program.defaultLogLevel ?? 'info';
  if (!LOG_LEVELS.includes(logLevel as LogLevel)) throw refuse(`--log ${logLevel}`);
  return {
    configFile: configFile ?? '',
    dataFolder: values.data ?? 'data',
    logLevel: logLevel as LogLevel,
    aliveFile: values.alive || undefined,
    check: values.check ?? false,
    help: values.help ?? false,
  };
}

function usage<T extends TSchema>(program: Program<T>): string {
  return `Usage: npm run ${program.name} -- [options]

  --config FILE   settings (YAML)${program.defaultConfigFile ? `; default ${program.defaultConfigFile}` : ''}
  --data FOLDER   where everything is kept; default ./data
  --log LEVEL     ${LOG_LEVELS.join(', ')}; default ${program.defaultLogLevel ?? 'info'}
  --alive FILE    written every 5 s, for a health check: what is not up
  --check         check the settings and stop
  --help          this text
${program.moreUsage ?? ''}`;
}
