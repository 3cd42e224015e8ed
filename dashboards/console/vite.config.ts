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

/**
 * On a slow link each turn costs half a second. So the code and styles of the first page are fetched beside those of the frame and not after
 * them, and a tiny script before both asks who is signed in and what the readings are.
 */
function fetchFirstPage(): Plugin {
  return {
    name: 'fetch-first-page',
    apply: 'build',
    buildStart() {
      this.emitFile({ type: 'chunk', id: inConsole('src/start.ts'), name: 'start' });
    },
    transformIndexHtml: {
      order: 'post',
      handler(html, { bundle = {} }) {
        const chunkOf = (file: string) => {
          const one = bundle[file];
          return one?.type === 'chunk' ? one : undefined;
        };
        const named = (name: string) =>
          Object.values(bundle).find((one) => one.type === 'chunk' && one.name === name)?.fileName;
        const needed = new Set<string>();
        const need = (file: string) => {
          const chunk = chunkOf(file);
          if (!chunk || chunk.isEntry || needed.has(file)) return;
          needed.add(file);
          for (const other of chunk.imports) need(other);
        };
        need(named(FIRST_PAGE)!);
        const styles = [...needed].flatMap((file) => [...(chunkOf(file)?.viteMetadata?.importedCss ?? [])]);
        const first = { type: 'module', async: true, crossorigin: true, src: `/${named('start')}` };
        const links = [
          ...styles.map((file) => ({ rel: 'stylesheet', file })),
          ...[...needed].map((file) => ({ rel: 'modulepreload', file })),
        ]
          .filter(({ file }) => !html.includes(file))
          .map(link);
        return [{ tag: 'script', attrs: first, injectTo: 'head-prepend' as const }, ...links];
      },
    },
  };
}

function link({ rel, file }: { readonly rel: string; readonly file: string }) {
  return { tag: 'link', attrs: { rel, crossorigin: true, href: `/${file}` }, injectTo: 'head' as const };
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
    rolldownOptions: {
      output: {
        codeSplitting: {
          // A browser fetches six files at once, and each costs a turn: small parts that most pages share come as one.
          groups: [
            {
              name: 'shared',
              test: /rolldown.runtime|preact|core\/(clock|reading|access)\.ts$|console\/src\/(components\/(?!time-chart|chart-marks|figures)|i18n\/|(?!main|start\.|pages|shell))[\w-]+\.tsx?$/,
            },
          ],
        },
      },
    },
  },
  logLevel: 'warn',
});
