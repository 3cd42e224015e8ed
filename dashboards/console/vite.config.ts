import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vite';

const inConsole = (path: string) => fileURLToPath(new URL(path, import.meta.url));

const DASHBOARDS = '../grafana/dashboards/';
const LISTED = 'virtual:dashboards';

/** Which of Grafana's dashboards there are, without the files: those are loaded when they are opened. */
function listDashboards(): Plugin {
  return {
    name: LISTED,
    resolveId: (id) => (id === LISTED ? `\0${LISTED}` : undefined),
    load(id) {
      if (id !== `\0${LISTED}`) return undefined;
      const files = readdirSync(inConsole(DASHBOARDS), { recursive: true, encoding: 'utf8' });
      const entries = files
        .filter((file) => file.endsWith('.json'))
        .sort()
        .map((file) => {
          const {
            uid,
            title,
            description = '',
            tags = [],
          } = JSON.parse(readFileSync(inConsole(DASHBOARDS + file), 'utf8'));
          return { language: file.split('/')[0], file, uid, title, description, tags };
        });
      return `export default ${JSON.stringify(entries)};`;
    },
  };
}

/** Where most people begin. */
const FIRST_PAGE = 'farm';

/** The first page is fetched beside the frame and not after it: on a slow link each turn costs half a second. */
function fetchFirstPage(): Plugin {
  return {
    name: 'fetch-first-page',
    transformIndexHtml: {
      order: 'post',
      handler(_html, { bundle = {} }) {
        const page = Object.values(bundle).find((one) => one.type === 'chunk' && one.name === FIRST_PAGE);
        if (page?.type !== 'chunk') return [];
        const isEntry = (file: string) => {
          const one = bundle[file];
          return one?.type === 'chunk' && one.isEntry;
        };
        return [page.fileName, ...page.imports.filter((file) => !isEntry(file))].map((file) => ({
          tag: 'link',
          attrs: { rel: 'modulepreload', crossorigin: true, href: `/${file}` },
          injectTo: 'head' as const,
        }));
      },
    },
  };
}

export default defineConfig({
  root: inConsole('.'),
  // The two cores of a farm's small computer build this: two small plug-ins of our own, no source maps, nothing fetched.
  plugins: [listDashboards(), fetchFirstPage()],
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  // A string that is parsed is smaller and quicker than an object that is compiled.
  json: { stringify: true, namedExports: false },
  build: {
    outDir: inConsole('dist'),
    emptyOutDir: true,
    target: 'es2022',
    // An inlined asset would be a data: URL, which the content security policy does not allow for scripts and styles.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  logLevel: 'warn',
});
