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

/** The links of a field that lead to something of ours: the first around its value, others behind it by their titles. */
export function FieldLink({ children, ...at }: FieldLinkProps) {
  const { hrefOf } = useBoard();
  const [first, ...others] = (at.field.config.links ?? []).flatMap(({ url, title }) => {
    const href = url && hrefOf(filledIn(url, at));
    return href ? [{ href, title }] : [];
  });
  if (!first) return children;
  return (
    <>
      <a href={first.href} title={first.title}>
        {children}
      </a>
      {others.map(({ href, title }) => (
        <a key={href} class="further-link" href={href}>
          {title || href}
        </a>
      ))}
    </>
  );
}

function filledIn(url: string, { field, value, row }: Omit<FieldLinkProps, 'children'>): string {
  const ofRow = url.replace(
    /\$\{__data\.fields(?:\.(\w+)|\[["']?([^\]"']+)["']?\])(?:\.text)?\}/g,
    (_, plain, bracketed) => encodeURIComponent(row?.[plain ?? bracketed] ?? ''),
  );
  return interpolateField(ofRow, { name: field.title, labels: field.labels, value: String(value ?? '') });
}
