import { editorLogin } from './editor-login.ts';

/** Where the addresses of `http in` nodes begin. */
export const HTTP_NODE_ROOT = '/http';

/** What `npm run node-red` and the tests tell Node-RED: our nodes, this machine only, and nothing that asks the internet. */
export function nodeRedSettings({
  userFolder,
  credentialSecret,
  port,
  password,
}: NodeRedPlace): Record<string, unknown> {
  return {
    userDir: userFolder,
    nodesDir: [import.meta.dirname],
    flowFile: 'flows.json',
    flowFilePretty: true,
    credentialSecret,
    ...(password === undefined ? {} : { adminAuth: editorLogin(password) }),
    uiHost: '127.0.0.1',
    uiPort: port,
    httpNodeRoot: HTTP_NODE_ROOT,
    telemetry: { enabled: false, updateNotification: false },
    externalModules: {
      autoInstall: false,
      palette: { allowInstall: false, allowUpload: false, allowUpdate: false },
      modules: { allowInstall: false },
    },
    // What a flow has counted, such as the minutes watered today, outlives a restart.
    contextStorage: { default: { module: 'localfilesystem' } },
    logging: { sluice: { level: 'warn', metrics: false, audit: false, handler: () => print } },
    editorTheme: {
      page: { title: 'Sluice · Node-RED' },
      header: { title: 'Sluice · Node-RED' },
      tours: false,
      palette: { categories: ['sluice', 'common', 'function', 'network', 'sequence', 'parser', 'storage'] },
      codeEditor: { lib: 'monaco' },
      multiplayer: { enabled: false },
    },
  };
}

export interface NodeRedPlace {
  readonly userFolder: string;
  readonly credentialSecret: string;
  readonly port: number;
  /** Of the editor's user "admin"; without one there is no sign-in. */
  readonly password?: string | undefined;
}

/** Node-RED's levels: 10 fatal, 20 error, 30 warning. */
const ERROR = 20;

interface LogLine {
  readonly level: number;
  readonly msg: unknown;
  readonly type?: string;
  readonly name?: string;
  readonly id?: string;
}

/** Errors, and warnings of nodes. Those of Node-RED itself are about features that are not used here. */
function print({ level, msg, type, name, id }: LogLine): void {
  if (level > ERROR && type === undefined) return;
  const words = msg instanceof Error ? msg.message : String(msg);
  const from = type === undefined ? '' : `${type} ${name || id}: `;
  process.stderr.write(`${new Date().toISOString()} ${from}${words}\n`);
}
