import type { FieldConfig } from './model.ts';

/** Families of Grafana's named colours, each a custom property that can be read on a card in light and dark. */
const FAMILIES = ['green', 'yellow', 'orange', 'red', 'blue', 'purple'] as const;
const SERIES_COLOURS = 8;
const TINT = /^(?:super-light|light|semi-dark|dark)-/;

/** A colour of a dashboard as CSS. */
export function cssColour(color: string | undefined, otherwise = 'var(--ink)'): string {
  if (color === undefined || color === 'text') return otherwise;
  const family = familyOf(color);
  if (family) return `var(--g-${family})`;
  if (color === 'transparent') return 'transparent';
  if (color === 'gray' || color === 'grey' || color === 'dark-gray') return 'var(--ink-soft)';
  return /^(#[0-9a-f]{3,8}|rgba?\([\d., %]+\))$/i.test(color) ? color : otherwise;
}

/** For words and figures: a colour that somebody picked by its number may not be readable in light and dark, and stands beside them only. */
export function textColour(color: string | undefined): string {
  return color !== undefined && familyOf(color) ? cssColour(color) : 'var(--ink)';
}

export function familyOf(color: string): (typeof FAMILIES)[number] | undefined {
  const plain = color.replace(TINT, '');
  return FAMILIES.find((family) => family === plain);
}

export type Judgement = 'good' | 'attention' | 'bad';

/** What a colour of a threshold says, for whoever does not see it. */
export function judgementOf(color: string | undefined): Judgement | undefined {
  const family = color === undefined ? undefined : familyOf(color);
  if (family === 'green') return 'good';
  if (family === 'red') return 'bad';
  return family === 'yellow' || family === 'orange' ? 'attention' : undefined;
}

/** Of the nth series of a panel, where nothing else is said. */
export function seriesColour({ color }: FieldConfig, index: number, ofLatest: string | undefined): string {
  if (color?.mode === 'fixed' || color?.mode === 'shades') return cssColour(color.fixedColor);
  if (color?.mode === 'thresholds') return cssColour(ofLatest);
  return `var(--s${(index % SERIES_COLOURS) + 1})`;
}

/** A canvas knows no custom properties. */
export function resolved(colour: string, style: CSSStyleDeclaration): string {
  const [, name] = /^var\((--[\w-]+)\)$/.exec(colour) ?? [];
  return name === undefined ? colour : style.getPropertyValue(name).trim();
}

export function withAlpha(colour: string, share: number): string {
  if (!/^#[0-9a-f]{6}$/i.test(colour)) return colour;
  return (
    colour +
    Math.round(255 * share)
      .toString(16)
      .padStart(2, '0')
  );
}
