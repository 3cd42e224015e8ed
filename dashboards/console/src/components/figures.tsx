import './figures.css';

/** Names and their figures, in as many columns as there is room for. */
export function Figures({ of }: { readonly of: readonly (readonly [string, string])[] }) {
  return (
    <dl class="figures">
      {of.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
