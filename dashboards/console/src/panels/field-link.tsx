import type { ComponentChildren } from 'preact';
import { useBoard } from './board-context.ts';
import { interpolateField } from './interpolate.ts';
import type { Cell, Field } from './model.ts';

interface FieldLinkProps {
  readonly field: Field;
  readonly value: Cell;
  /** Of the row, where it is a table. */
  readonly row?: Readonly<Record<string, string>>;
  readonly children: ComponentChildren;
}

/** The first link of a field around its value, where it leads to something of ours. */
export function FieldLink({ field, value, row, children }: FieldLinkProps) {
  const { hrefOf } = useBoard();
  const link = field.config.links?.[0];
  if (!link?.url) return children;
  const ofRow = link.url.replace(
    /\$\{__data\.fields(?:\.(\w+)|\[["']?([^\]"']+)["']?\])(?:\.text)?\}/g,
    (_, plain, bracketed) => encodeURIComponent(row?.[plain ?? bracketed] ?? ''),
  );
  const href = hrefOf(
    interpolateField(ofRow, { name: field.title, labels: field.labels, value: String(value ?? '') }),
  );
  return href ? (
    <a href={href} title={link.title}>
      {children}
    </a>
  ) : (
    children
  );
}
