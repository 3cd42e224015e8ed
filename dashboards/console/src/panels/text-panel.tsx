import type { ComponentChildren } from 'preact';
import { useBoard } from './board-context.ts';
import { interpolate } from './interpolate.ts';
import type { PanelContentProps } from './panel-content.ts';

/** Words of whoever made the dashboard: headings, paragraphs, lists, links, bold and code of Markdown. No HTML is taken. */
export function TextPanel({ panel }: PanelContentProps) {
  const { variables } = useBoard();
  const content = interpolate(String(panel.options?.content ?? ''), variables);
  return <div class="panel-text">{blocksOf(content)}</div>;
}

function blocksOf(content: string): ComponentChildren[] {
  return content
    .split(/\n\s*\n/)
    .filter((block) => block.trim() !== '')
    .map((block, index) => {
      const lines = block.trim().split('\n');
      const [, hashes, heading] = /^(#{1,6})\s+(.*)$/.exec(lines[0]!) ?? [];
      if (hashes !== undefined) {
        return (
          <div key={`${index} ${heading}`}>
            <h4>{inline(heading!)}</h4>
            {lines.length > 1 && <p>{inline(lines.slice(1).join(' '))}</p>}
          </div>
        );
      }
      if (lines.every((line) => /^\s*[-*]\s/.test(line))) {
        return (
          <ul key={`${index} ${lines[0]}`}>
            {lines.map((line) => (
              <li key={line}>{inline(line.replace(/^\s*[-*]\s+/, ''))}</li>
            ))}
          </ul>
        );
      }
      return <p key={`${index} ${lines[0]}`}>{inline(lines.join(' '))}</p>;
    });
}

const INLINE = /\*\*(.+?)\*\*|`(.+?)`|\[([^\]]+)\]\(([^)\s]+)\)/g;

function inline(text: string): ComponentChildren[] {
  const parts: ComponentChildren[] = [];
  let at = 0;
  for (const match of text.matchAll(INLINE)) {
    const [whole, bold, code, label, url] = match;
    parts.push(text.slice(at, match.index));
    at = match.index + whole.length;
    if (bold !== undefined) parts.push(<strong>{bold}</strong>);
    else if (code !== undefined) parts.push(<code>{code}</code>);
    else parts.push(<InnerLink label={label!} url={url!} />);
  }
  return [...parts, text.slice(at)];
}

function InnerLink({ label, url }: { readonly label: string; readonly url: string }) {
  const href = useBoard().hrefOf(url);
  return href ? <a href={href}>{label}</a> : <span>{label}</span>;
}
