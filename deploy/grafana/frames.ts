import type { Influxd } from '../../core/testing/influxd.ts';
import type { InfluxTarget } from '../../dashboards/grafana/source/target.ts';

interface Row {
  readonly name: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly columns: readonly string[];
  readonly values: readonly (readonly (number | string | null)[])[];
}

/** A line of a panel, or one input of an expression. */
export interface Frame {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly points: readonly (readonly [timeMs: number, value: number | null])[];
}

export type TableRow = Readonly<Record<string, number | string | null>>;

/** Throws what InfluxDB says against a statement. */
export async function rowsOf(influxd: Influxd, database: string, statement: string): Promise<readonly Row[]> {
  const answer = (await influxd.query(statement, database)) as {
    error?: string;
    results?: { error?: string; series?: Row[] }[];
  };
  const error = answer.error ?? answer.results?.find((one) => one.error)?.error;
  if (error !== undefined) throw new Error(`${error}: ${statement}`);
  return answer.results?.flatMap(({ series = [] }) => series) ?? [];
}

/** One frame for each set of tags and each column, named by its alias, with its tags as labels (Grafana's `response_parser.go`). */
export function seriesFrames(rows: readonly Row[], { alias }: InfluxTarget): Frame[] {
  return rows.flatMap(({ name: measurement, tags = {}, columns, values }) =>
    columns.slice(1).map((column, index) => ({
      name: (alias ?? '').replace(/\$(\w+)/g, (whole, key: string) => {
        if (key === 'col') return column;
        if (key === 'm' || key === 'measurement') return measurement;
        return key.startsWith('tag_') ? (tags[key.slice(4)] ?? '') : whole;
      }),
      labels: tags,
      points: values.map((row) => [row[0] as number, row[index + 1] as number | null] as const),
    })),
  );
}

/** `Time`, the tags, and the columns as they are named. */
export function tableRows(rows: readonly Row[]): TableRow[] {
  return rows.flatMap(({ tags = {}, columns, values }) =>
    values.map((row) => {
      const cells = columns.slice(1).map((column, index) => [column, row[index + 1]!] as const);
      return { Time: row[0]!, ...tags, ...Object.fromEntries(cells) };
    }),
  );
}
