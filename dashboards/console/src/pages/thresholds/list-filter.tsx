import type { Threshold } from '../../../../../core/thresholds/threshold.ts';
import { CROPS } from '../../../../../core/zones/crops.ts';
import { SelectField } from '../../components/form.tsx';
import { useConsole } from '../../console.ts';
import { shortLabel } from '../../format-metric.ts';
import { useWords } from '../../i18n/use-words.ts';
import { hrefOf } from '../../place.ts';
import { type Filter, zoneKey } from './scope.ts';
import type { Known } from './use-places.ts';
import { WORDS } from './words.ts';

interface FilterState {
  readonly value: Filter;
  readonly set: (change: Partial<Filter>) => void;
  readonly clear: () => void;
}

/** What somebody looks for stands in the address, so that it can be kept and sent to somebody else. */
export function useFilter(): FilterState {
  const { place } = useConsole();
  const asked = (name: string) => place.query.get(name) ?? '';
  const value = {
    quantity: asked('quantity'),
    site: asked('site'),
    zone: asked('zone'),
    crop: asked('crop'),
  };
  const go = (filter: Filter) => {
    const set = Object.entries(filter).filter(([, one]) => one !== '');
    location.hash = hrefOf('thresholds', [], Object.fromEntries(set));
  };
  return {
    value,
    set: (change) => go({ ...value, ...change }),
    clear: () => go({ quantity: '', site: '', zone: '', crop: '' }),
  };
}

interface ListFilterProps {
  readonly all: readonly Threshold[];
  readonly known: Known;
  readonly filter: FilterState;
}

/** Only what would find something is offered. */
export function ListFilter({ all, known, filter: { value, set } }: ListFilterProps) {
  const words = useWords(WORDS);
  const { locale } = useConsole();
  const { zones } = known.places;
  const names = new Set(all.map(({ measurement, field }) => `${measurement}/${field}`));
  const quantities = known.on.quantities
    .map((one) => ({ value: `${one.measurement}/${one.field}`, label: shortLabel(one, locale) }))
    .filter((one) => names.has(one.value));
  const sites = distinct([...zones.map(({ site }) => site), ...all.map(({ scope }) => scope.site)]);
  const crops = distinct([...zones.map(({ crop }) => crop), ...all.map(({ scope }) => scope.crop)]);
  const inSite = zones.filter(({ site }) => value.site === '' || site === value.site);
  const all0 = { value: '', label: words.all };
  return (
    <fieldset class="filter">
      <legend>{words.filter}</legend>
      <div class="filter-fields">
        <SelectField
          label={words.quantity}
          value={value.quantity}
          options={[all0, ...quantities]}
          onChange={(quantity) => set({ quantity })}
        />
        {sites.length > 1 && (
          <SelectField
            label={words.site}
            value={value.site}
            options={[all0, ...sites.map((site) => ({ value: site, label: site }))]}
            onChange={(site) => set({ site, zone: '' })}
          />
        )}
        <SelectField
          label={words.zone}
          value={value.zone}
          options={[all0, ...inSite.map((one) => ({ value: zoneKey(one.site, one.id), label: one.name }))]}
          onChange={(zone) => set({ zone })}
        />
        <SelectField
          label={words.crop}
          value={value.crop}
          options={[
            all0,
            ...crops.map((crop) => ({
              value: crop,
              label: CROPS.find(({ id }) => id === crop)?.[locale.language] ?? crop,
            })),
          ]}
          onChange={(crop) => set({ crop })}
        />
      </div>
    </fieldset>
  );
}

function distinct(names: readonly (string | undefined)[]): string[] {
  return [...new Set(names.filter((one) => one !== undefined))].sort();
}
