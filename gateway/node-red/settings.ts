/** What `npm run node-red` and the tests tell Node-RED: our nodes, this machine only, and nothing that asks the internet. */
export function nodeRedSettings({
  userFolder,
  credentialSecret,
  port,
}: NodeRedPlace): Record<string, unknown> {
  return {
    userDir: userFolder,
    nodesDir: [import.meta.dirname],
    flowFile: 'flows.json',
    flowFilePretty: true,
    credentialSecret,
    uiHost: '127.0.0.1',
    uiPort: port,
    httpNodeRoot: '/http',
    telemetry: { enabled: false, updateNotification: false },
    externalModules: {
      autoInstall: false,
      palette: { allowInstall: false, allowUpload: false, allowUpdate: false },
      modules: { allowInstall: false },
    },
    // What a flow has counted, such as the minutes watered today, outlives a restart.
    contextStorage: { default: { module: 'localfilesystem' } },
    logging: { console: { level: 'warn', metrics: false, audit: false } },
    editorTheme: {
      page: { title: 'Sluice · Node-RED' },
      header: { title: 'Sluice · Node-RED' },
      tours: false,
      projects: { enabled: false },
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
}
