import type { Quantity } from '../../../../../core/quantities.ts';
import type { LastReading } from '../../api.ts';
import { Figures } from '../../components/figures.tsx';
import { AskedPart } from '../../components/states.tsx';
import { useConsole } from '../../console.ts';
import { figureWithUnit, shortLabel } from '../../format-metric.ts';
import type { Locale } from '../../i18n/locale.ts';
import { useWords } from '../../i18n/use-words.ts';
import { useAsked } from '../../use-asked.ts';
import type { Machine } from './api.ts';
import { WORDS } from './words.ts';

const EVERY_MS = 30_000;

/** What the gateway measures of the machine that it runs on. */
export function MachineCard({ site, gateway }: { readonly site: string; readonly gateway: string }) {
  const { locale } = useConsole();
  const words = useWords(WORDS);
  const query = new URLSearchParams({ measurement: 'gateway', site, gateway, device: '' });
  const asked = useAsked<Machine>(`/api/v1/last?${query}`, EVERY_MS);
  const catalogue =
    useAsked<{ quantities: readonly Quantity[] }>('/api/v1/quantities').answer?.quantities ?? [];
  return (
    <section class="card part">
      <h2>{words.machine}</h2>
      <AskedPart asked={asked}>
        {({ readings }) => {
          const figures = readings.map((reading) => {
            const quantity = catalogue.find(
              ({ measurement, field }) => measurement === reading.measurement && field === reading.field,
            );
            const name = quantity ? shortLabel(quantity, locale) : reading.field;
            const point = reading.tags.point === undefined ? '' : ` ${reading.tags.point}`;
            return [`${name}${point}`, valueText(reading, quantity, locale)] as const;
          });
          return figures.length === 0 ? <p class="soft">{words.noMachine}</p> : <Figures of={figures} />;
        }}
      </AskedPart>
    </section>
  );
}

function valueText({ value, unit }: LastReading, quantity: Quantity | undefined, locale: Locale): string {
  if (typeof value === 'string' || !quantity) return `${value}${unit && `\u00a0${unit}`}`;
  return quantity.states?.[value]?.[locale.language] ?? figureWithUnit(value, quantity, locale);
}
