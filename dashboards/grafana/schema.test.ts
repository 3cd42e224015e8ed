import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../../core/testing/temporary-folder.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../..');
const schema = dirname(createRequire(import.meta.url).resolve('@grafana/schema/package.json'));
const types = join(schema, 'dist/types');

/** Panels whose options and own field settings `@grafana/schema` describes. It has nothing on `alertlist`. */
const PANELS: Readonly<Record<string, string>> = {
  timeseries: 'timeseries',
  stat: 'stat',
  gauge: 'gauge',
  bargauge: 'bargauge',
  table: 'table',
  'state-timeline': 'statetimeline',
  heatmap: 'heatmap',
  geomap: 'geomap',
  text: 'text',
};

/**
 * Each file becomes a literal that the compiler holds against Grafana's own types: every name of a property, every value of an
 * enumeration, every nesting. Properties that Grafana fills in by itself may be left out. Not covered: targets, of which
 * `@grafana/schema` has nothing for InfluxQL, are held against the type of our own that the issue's description of Grafana gives.
 */
const PREAMBLE = `
import type { Dashboard, DataTransformerConfig, FieldConfig, GraphFieldConfig, GridPos, MatcherConfig } from '${types}/index.d.ts';
import type { InfluxTarget } from '${root}/dashboards/grafana/source/target.ts';
${Object.values(PANELS)
  .map((name) => `import type * as ${name} from '${types}/raw/composable/${name}/panelcfg/x/types.gen.d.ts';`)
  .join('\n')}

/** As JSON has it: a member of an enumeration is its value. */
type Json<T> = T extends string ? \`\${T}\` : T extends number | boolean | null | undefined ? T
  : T extends readonly (infer One)[] ? readonly Json<One>[]
  : T extends object ? { readonly [Key in keyof T]?: Json<T[Key]> } : T;
interface Base<Type extends string, Options, Custom> {
  readonly id: number;
  readonly type: Type;
  readonly title: string;
  readonly description: string;
  readonly gridPos: GridPos;
  readonly datasource?: { readonly type: 'influxdb'; readonly uid: string };
  readonly targets?: readonly InfluxTarget[];
  readonly options: Json<Options>;
  readonly transformations?: readonly Json<DataTransformerConfig>[];
  readonly timeFrom?: string;
  readonly hideTimeOverride?: boolean;
  readonly fieldConfig?: {
    readonly defaults: Omit<Json<FieldConfig>, 'custom'> & { readonly custom?: Json<Custom> };
    readonly overrides: readonly { matcher: Json<MatcherConfig>; properties: readonly { id: string; value?: unknown }[] }[];
  };
}
type OnePanel =
  | Base<'timeseries', timeseries.Options, GraphFieldConfig>
  // Since Grafana 10 it knows gaps as time series do; its schema does not say so.
  | Base<'state-timeline', statetimeline.Options, statetimeline.FieldConfig & { insertNulls: number }>
  | Base<'heatmap', heatmap.Options, heatmap.FieldConfig>
  | Base<'table', table.Options, table.FieldConfig>
  | Base<'stat', stat.Options, never>
  | Base<'gauge', gauge.Options, never>
  | Base<'bargauge', bargauge.Options, never>
  | Base<'geomap', geomap.Options, never>
  | Base<'text', text.Options, never>
  | { id: number; type: 'alertlist'; title: string; description: string; gridPos: GridPos; options: Record<string, unknown> };
type File = Omit<Json<Dashboard>, 'panels' | 'uid' | 'title' | 'schemaVersion'> &
  Required<Pick<Dashboard, 'uid' | 'title' | 'schemaVersion'>> & { readonly panels: readonly OnePanel[] };
`;

/** What the compiler says to `literals`, by name. */
async function compiled(literals: ReadonlyMap<string, string>): Promise<string> {
  const folder = temporaryFolder();
  const names = [...literals.keys()];
  const body = names.map(
    (name, index) => `// ${name}\nexport const board${index}: File = ${literals.get(name)};`,
  );
  writeFileSync(join(folder, 'boards.ts'), PREAMBLE + body.join('\n'));
  const options = {
    ...{ target: 'es2024', module: 'preserve', moduleResolution: 'bundler', types: [] },
    ...{ strict: true, noEmit: true, skipLibCheck: true, allowImportingTsExtensions: true },
  };
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ compilerOptions: options, files: ['boards.ts'] }),
  );
  const tsc = join(root, 'node_modules/.bin/tsc');
  return run(tsc, ['-p', folder]).then(
    ({ stdout }) => stdout,
    (failure: { stdout: string; stderr: string }) => failure.stdout + failure.stderr,
  );
}

const files = new Map(
  (['en', 'zh'] as const).flatMap((language) => {
    const folder = join(import.meta.dirname, 'dashboards', language);
    return readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')] as const);
  }),
);

it('every file is what Grafana’s own types say a dashboard is', async () => {
  expect(files.size).toBe(16);
  expect(await compiled(files)).toBe('');
});

it('would show a name or a value that Grafana does not know', async () => {
  const [name, text] = [...files][0]!;
  const spoilt = (from: string, to: string) => {
    expect(text).toContain(from);
    return new Map([[name, text.replace(from, to)]]);
  };
  expect(await compiled(spoilt('"cellHeight": "sm"', '"cellHeight": "tiny"'))).toContain('tiny');
  expect(await compiled(spoilt('"showHeader"', '"showHeaders"'))).toContain('showHeaders');
});
