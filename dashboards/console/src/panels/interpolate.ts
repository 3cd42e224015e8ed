/** What a variable stands for: one value, several of them, or all that there are. */
export interface VariableValue {
  readonly values: readonly string[];
  /** What stands in a query for all of them, where the dashboard says so. */
  readonly all?: string | undefined;
}

export type Variables = ReadonlyMap<string, VariableValue>;

const NAMES = /\$(\w+)|\$\{(\w+(?:\.[\w.[\]"']+)?)(?::(\w+))?\}|\[\[(\w+)(?::(\w+))?\]\]/g;

type Form = 'text' | 'regex';

/**
 * Puts values in the place of `$name`, `${name}`, `${name:format}` and `[[name]]`. In a regular expression each is taken literally, and
 * several are alternatives, as Grafana does for InfluxDB. Names that nobody knows stay as they are.
 */
export function interpolate(text: string, variables: Variables, form: Form = 'text'): string {
  return text.replace(NAMES, (whole, plain, braced, format, bracketed, bracketFormat) => {
    const found = variables.get(plain ?? braced ?? bracketed);
    return found ? written(found, format ?? bracketFormat, form) : whole;
  });
}

function written({ values, all }: VariableValue, format: string | undefined, form: Form): string {
  if (format === 'queryparam' || format === 'percentencode') return values.map(encodeURIComponent).join(',');
  if (format === 'csv' || format === 'raw') return values.join(',');
  if (format === 'pipe') return values.join('|');
  if (format === 'regex' || (form === 'regex' && format === undefined)) {
    if (all !== undefined) return all;
    const literal = values.map((value) => value.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'));
    return literal.length === 1 ? literal[0]! : `(${literal.join('|')})`;
  }
  return values.join(format === 'text' || form === 'text' ? ' + ' : ',');
}

/** `${__field.labels.zone}`, `${__series.name}` and the like, in a display name or a link. */
export function interpolateField(
  text: string,
  { name, labels, value }: { name: string; labels: Readonly<Record<string, string>>; value?: string },
): string {
  return text
    .replace(
      /\$\{__field\.labels\.(\w+)\}|\$\{__field\.labels\["(\w+)"\]\}/g,
      (_, a, b) => labels[a ?? b] ?? '',
    )
    .replace(/\$\{__(?:field|series)\.(?:name|displayName)\}/g, name)
    .replace(/\$\{__value\.(?:raw|text|numeric)\}/g, value ?? '')
    .replace(/\$\{__field\.labels\}/g, Object.values(labels).join(', '));
}
