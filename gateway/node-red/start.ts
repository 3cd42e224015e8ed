import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { join, resolve } from 'node:path';
import { asSluiceError, reasonOf, SluiceError } from '../../core/errors.ts';
import { FolderLock } from '../../core/folder-lock.ts';
import { formatAddress, isLoopback, listen } from '../../core/listen.ts';
import { stopOnSignals } from '../../core/stop-on-signals.ts';
import { terminalLanguage } from '../../core/terminal-language.ts';
import { bringsPassword } from './editor-login.ts';
import { RED } from './node-red.ts';
import { type NodeRedOptions, parseOptions, USAGE } from './options.ts';
import { HTTP_NODE_ROOT, nodeRedSettings } from './settings.ts';

const EXAMPLE = join(import.meta.dirname, 'examples', 'irrigate-by-moisture.json');

/**
 * Node-RED with our nodes, and at its first start with the example flow. Whoever reaches the editor can run any program as
 * this user, so it is for this machine alone, or has a password; see `parseOptions`.
 */
async function main(): Promise<void> {
  const options = parseOptions();
  if (options.help) {
    process.stdout.write(USAGE);
    return;
  }
  const { host, port, password, environment } = options;
  const userFolder = resolve(options.dataFolder, 'node-red');
  const lock = new FolderLock(userFolder);
  const credentialSecret = prepareFolder(userFolder, environment);
  Object.assign(process.env, environment);
  const server = createServer((request, response) => {
    if (isFromThisMachine(request)) return handle(request, response, password);
    response.writeHead(403, { 'content-type': 'text/plain' });
    response.end('This page is for this machine only: open it as http://127.0.0.1 or http://localhost.\n');
  });
  // Before Node-RED, whose own listener for upgrades would take everybody.
  guardUpgrades(server);
  RED.init(server, nodeRedSettings({ userFolder, credentialSecret, port, password }));
  stopOnSignals('node-red', () => stop(server, lock));
  await listen(server, { host, port }, 'Node-RED', '--port');
  const isRunning = new Promise<void>((done) => RED.events.once('flows:started', done));
  await RED.start();
  await isRunning;
  const access = password === undefined ? 'this machine only, no password' : 'user admin';
  process.stdout.write(
    `Node-RED: http://${formatAddress({ host, port })}/  (${access}; flows in ${userFolder})\n`,
  );
}

/** Returns the key with which Node-RED encrypts what its nodes keep secret. */
function prepareFolder(userFolder: string, environment: NodeRedOptions['environment']): string {
  try {
    mkdirSync(userFolder, { recursive: true });
    const flows = join(userFolder, 'flows.json');
    if (!existsSync(flows)) writeExample(userFolder, flows, environment);
    const file = join(userFolder, 'credential-secret');
    if (!existsSync(file)) writeFileSync(file, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600 });
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new SluiceError('DATA_FOLDER_UNUSABLE', { folder: userFolder, reason: reasonOf(error) }, error);
  }
}

/** The example, with broker and site of `environment` where it names them: the flow says `${…}`, and no password stands in it. */
function writeExample(userFolder: string, flows: string, environment: NodeRedOptions['environment']): void {
  const nodes = JSON.parse(readFileSync(EXAMPLE, 'utf8')) as {
    id: string;
    type: string;
    url?: string;
    site?: string;
  }[];
  const broker = nodes.find(({ type }) => type === 'sluice-broker');
  if (broker && environment.SLUICE_BROKER_URL) broker.url = `\${SLUICE_BROKER_URL}`;
  if (broker && environment.SLUICE_SITE) broker.site = `\${SLUICE_SITE}`;
  if (broker && environment.SLUICE_BROKER_USER) {
    const signIn = { user: `\${SLUICE_BROKER_USER}`, password: `\${SLUICE_BROKER_PASSWORD}` };
    writeFileSync(join(userFolder, 'flows_cred.json'), JSON.stringify({ [broker.id]: signIn }));
  }
  writeFileSync(flows, `${JSON.stringify(nodes, null, 4)}\n`);
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
function handle(request: IncomingMessage, response: ServerResponse, password: string | undefined): void {
  const { url = '/' } = request;
  if (url.startsWith(`${HTTP_NODE_ROOT}/`)) {
    if (password !== undefined && !bringsPassword(request, password)) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="Node-RED", charset="UTF-8"' }).end();
      return;
    }
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
  process.stderr.write(`node-red: ${error.text(terminalLanguage())}\n`);
  if (error.code === 'INTERNAL' && thrown instanceof Error) process.stderr.write(`${thrown.stack}\n`);
  process.exit(error.retryable || error.code === 'INTERNAL' ? 1 : 78);
}
