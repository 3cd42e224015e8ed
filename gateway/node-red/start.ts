import { randomBytes } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { asSluiceError, reasonOf, SluiceError } from '../../core/errors.ts';
import { FolderLock } from '../../core/folder-lock.ts';
import { isLoopback, listen } from '../../core/listen.ts';
import { stopOnSignals } from '../../core/stop-on-signals.ts';
import { RED } from './node-red.ts';
import { HTTP_NODE_ROOT, nodeRedSettings } from './settings.ts';

const HOST = '127.0.0.1';
const DEFAULT_PORT = 1880;
const EXAMPLE = join(import.meta.dirname, 'examples', 'irrigate-by-moisture.json');

const USAGE = `Usage: npm run node-red -- [options]

  --port PORT     where the editor is, on ${HOST} only; default ${DEFAULT_PORT}
  --data FOLDER   what Node-RED keeps is in its folder node-red; default ./data
  --help          this text
`;

interface Options {
  readonly port: number;
  readonly dataFolder: string;
  readonly help: boolean;
}

/**
 * Node-RED with our nodes, and at its first start with the example flow, on this machine alone: whoever reaches the editor
 * can run any program as this user, so there is no option for another address.
 */
async function main(): Promise<void> {
  const options = parseOptions();
  if (options.help) {
    process.stdout.write(USAGE);
    return;
  }
  const userFolder = resolve(options.dataFolder, 'node-red');
  const lock = new FolderLock(userFolder);
  const credentialSecret = prepareFolder(userFolder);
  const server = createServer((request, response) => {
    if (isFromThisMachine(request)) return handle(request, response);
    response.writeHead(403, { 'content-type': 'text/plain' });
    response.end('This page is for this machine only: open it as http://127.0.0.1 or http://localhost.\n');
  });
  // Before Node-RED, whose own listener for upgrades would take everybody.
  guardUpgrades(server);
  RED.init(server, nodeRedSettings({ userFolder, credentialSecret, port: options.port }));
  stopOnSignals('node-red', () => stop(server, lock));
  await listen(server, { host: HOST, port: options.port }, 'Node-RED', '--port');
  const isRunning = new Promise<void>((done) => RED.events.once('flows:started', done));
  await RED.start();
  await isRunning;
  process.stdout.write(
    `Node-RED: http://${HOST}:${options.port}/  (this machine only, no password; flows in ${userFolder})\n`,
  );
}

function parseOptions(): Options {
  const known = '--port PORT, --data FOLDER, --help';
  const refuse = (problem: string) => new SluiceError('OPTION_INVALID', { problem, known });
  let values: { port?: string; data?: string; help?: boolean };
  try {
    ({ values } = parseArgs({
      options: {
        port: { type: 'string' },
        data: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    }));
  } catch (error) {
    throw refuse(reasonOf(error));
  }
  const port = Number(values.port ?? DEFAULT_PORT);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw refuse(`--port ${values.port}`);
  if (values.data === '') throw refuse('--data names no folder');
  return { port, dataFolder: values.data ?? 'data', help: values.help ?? false };
}

/** Returns the key with which Node-RED encrypts what its nodes keep secret. */
function prepareFolder(userFolder: string): string {
  try {
    mkdirSync(userFolder, { recursive: true });
    const flows = join(userFolder, 'flows.json');
    if (!existsSync(flows)) copyFileSync(EXAMPLE, flows);
    const file = join(userFolder, 'credential-secret');
    if (!existsSync(file)) writeFileSync(file, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600 });
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new SluiceError('DATA_FOLDER_UNUSABLE', { folder: userFolder, reason: reasonOf(error) }, error);
  }
}

/**
 * A web page elsewhere can send requests to this machine from the browser of whoever looks at it, and can point a name of
 * its own here (DNS rebinding): its Origin or the Host header gives it away. The editor runs programs, so both must be ours.
 */
function isFromThisMachine({ headers: { host, origin } }: IncomingMessage): boolean {
  const names = [`http://${host}`, ...(origin === undefined ? [] : [origin])];
  return names.every((name) => URL.canParse(name) && isLoopback(new URL(name).hostname));
}

/** The editor, and below `HTTP_NODE_ROOT` what flows answer themselves. */
function handle(request: IncomingMessage, response: ServerResponse): void {
  const { url = '/' } = request;
  if (url.startsWith(`${HTTP_NODE_ROOT}/`)) {
    request.url = url.slice(HTTP_NODE_ROOT.length);
    RED.httpNode(request, response);
  } else {
    RED.httpAdmin(request, response);
  }
}

function guardUpgrades(server: Server): void {
  server.on('upgrade', (request, socket) => {
    if (isFromThisMachine(request)) return;
    request.url = '/refused';
    socket.end('HTTP/1.1 403 Forbidden\r\nconnection: close\r\n\r\n');
  });
}

async function stop(server: Server, lock: FolderLock): Promise<never> {
  server.close();
  server.closeAllConnections();
  await RED.stop();
  lock.release();
  process.exit(0);
}

try {
  await main();
} catch (thrown) {
  const error = asSluiceError(thrown);
  process.stderr.write(`node-red: ${error.message}\n`);
  if (error.code === 'INTERNAL' && thrown instanceof Error) process.stderr.write(`${thrown.stack}\n`);
  process.exit(error.retryable || error.code === 'INTERNAL' ? 1 : 78);
}
