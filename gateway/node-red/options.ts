import { parseArgs } from 'node:util';
import { reasonOf, SluiceError } from '../../core/errors.ts';
import { isLoopback } from '../../core/listen.ts';
import { readSecret } from '../../core/read-secret.ts';

const DEFAULT_HOST = '127.0.0.1';
const DEFAULT_PORT = 1880;
const KNOWN =
  '--port PORT, --data FOLDER, --host HOST, --password-file FILE, --site SITE, --broker URL, --broker-user NAME, --broker-password-file FILE, --help';

export const USAGE = `Usage: npm run node-red -- [options]

  --port PORT           where the editor is; default ${DEFAULT_PORT}
  --data FOLDER         what Node-RED keeps is in its folder node-red; default ./data
  --host HOST           address to listen on, ${DEFAULT_HOST} when left out; any but loopback wants --password-file
  --password-file FILE  password of the user "admin", for the editor and for what flows answer themselves
  --site SITE           site of the example flow; demo-farm when left out
  --broker URL          its broker; the two below say whom it signs in as
  --broker-user NAME
  --broker-password-file FILE
  --help                this text
`;

export interface NodeRedOptions {
  readonly host: string;
  readonly port: number;
  readonly dataFolder: string;
  /** Of the user "admin"; without one everybody on this machine may do everything. */
  readonly password: string | undefined;
  /** What flows may write as `${NAME}`, so that no password stands in them. */
  readonly environment: Readonly<Record<string, string>>;
  readonly help: boolean;
}

/** Throws `OPTION_INVALID`, `LISTEN_WITHOUT_CREDENTIALS`, `SECRET_UNREADABLE`. */
export function parseOptions(): NodeRedOptions {
  const values = parse();
  const port = Number(values.port ?? DEFAULT_PORT);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw refuse(`--port ${values.port}`);
  if (values.data === '') throw refuse('--data names no folder');
  const host = values.host || DEFAULT_HOST;
  const password = secret(values['password-file']);
  if (password === undefined && !isLoopback(host)) {
    const address = `${host}:${port}`;
    throw new SluiceError('LISTEN_WITHOUT_CREDENTIALS', {
      what: 'Node-RED',
      address,
      setting: '--password-file',
    });
  }
  const brokerPassword = secret(values['broker-password-file']);
  const environment = {
    ...(values.site && { SLUICE_SITE: values.site }),
    ...(values.broker && { SLUICE_BROKER_URL: values.broker }),
    ...(values['broker-user'] && { SLUICE_BROKER_USER: values['broker-user'] }),
    ...(brokerPassword && { SLUICE_BROKER_PASSWORD: brokerPassword }),
  };
  return { host, port, dataFolder: values.data ?? 'data', password, environment, help: values.help ?? false };
}

function parse() {
  const text = { type: 'string' } as const;
  const options = {
    port: text,
    data: text,
    host: text,
    'password-file': text,
    site: text,
    broker: text,
    'broker-user': text,
    'broker-password-file': text,
    help: { type: 'boolean', short: 'h' },
  } as const;
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    throw refuse(reasonOf(error));
  }
}

function secret(file: string | undefined): string | undefined {
  if (file === undefined) return undefined;
  const text = readSecret(file, '.');
  if (text === '') throw new SluiceError('SECRET_UNREADABLE', { file, reason: 'it is empty' });
  return text;
}

function refuse(problem: string): SluiceError {
  return new SluiceError('OPTION_INVALID', { problem, known: KNOWN });
}
