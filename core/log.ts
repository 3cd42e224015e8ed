import { pino } from 'pino';
import { withoutCommands } from './without-commands.ts';
import { withoutSecrets } from './without-secrets.ts';

/** Structured log: details first, then a sentence for a person. */
export type Log = Pick<pino.Logger, 'debug' | 'info' | 'warn' | 'error' | 'child' | 'level'>;

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/**
 * One JSON line per entry on standard error, or readable lines where a person is watching; standard output is
 * kept for answers. Anything under a name like `password` or `token` is masked, wherever it stands, and what is secret in an address.
 */
export function createLog(level: LogLevel, stream: NodeJS.WriteStream = process.stderr): Log {
  const redact = {
    paths: ['password', 'token', '*.password', '*.token', 'headers.authorization', '*.headers.authorization'],
    censor: '***',
  };
  if (!stream.isTTY)
    return pino({ level, redact, base: null, hooks: { streamWrite: withoutSecrets } }, stream);
  const options = { destination: 2, ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss' };
  const hooks = { streamWrite: (line: string) => withoutCommands(withoutSecrets(line)) };
  return pino({ level, redact, base: null, hooks, transport: { target: 'pino-pretty', options } });
}
