import type { ThresholdScope } from '../../../../../core/thresholds/threshold.ts';
import { CROPS } from '../../../../../core/zones/crops.ts';
import { type Option, SelectField } from '../../components/form.tsx';
import type { Sending } from '../../components/use-sending.ts';
import { useConsole } from '../../console.ts';
import { useWords } from '../../i18n/use-words.ts';
import { zoneName } from './describe.ts';
import type { Draft } from './draft.ts';
import { seriesIn } from './scope.ts';
import type { Known } from './use-places.ts';
import { WORDS } from './words.ts';

const MOST_NAMED = 4;

interface ScopePickerProps {
  readonly known: Known;
  readonly draft: Draft;
  readonly sending: Sending;
  readonly onScope: (scope: ThresholdScope) => void;
}

/** Where it holds, of what there is; each choice narrows the next, and whom it reaches is said at once. */
export function ScopePicker({ known, draft: { scope, quantity }, sending, onScope }: ScopePickerProps) {
  const words = useWords(WORDS);
  const { me } = useConsole();
  const { zones, series } = known.places;
  const isLimited = me.sites !== 'all';
  const sites = distinct([
    ...zones.map(({ site }) => site),
    ...series.map(({ tags }) => tags.site),
    ...(me.sites === 'all' ? [] : me.sites),
    scope.site,
  ]);
  const inSite = zones.filter(({ site }) => scope.site === undefined || site === scope.site);
  const { device: _device, ...ofAll } = scope;
  const reachable = seriesIn(ofAll, quantity, known.places);
  const devices = distinct([...reachable.map(({ tags }) => tags.device), scope.device]);
  const set = (change: { [K in keyof ThresholdScope]?: string }) => {
    const kept = Object.entries({ ...scope, ...change }).filter(
      ([, value]) => value !== '' && value !== undefined,
    );
    onScope(Object.fromEntries(kept));
  };
  const some = (label: string, ids: readonly string[], named = (id: string) => id): Option[] => [
    { value: '', label },
    ...ids.map((id) => ({ value: id, label: named(id) })),
  ];
  return (
    <fieldset class="side">
      <legend>{words.where}</legend>
      <div class="form-row">
        {sites.length > 1 && (
          <SelectField
            label={words.site}
            value={scope.site ?? ''}
            options={isLimited ? sites.map((value) => ({ value, label: value })) : some(words.anySite, sites)}
            onChange={(site) => set({ site, zone: '', device: '' })}
            error={sending.at('scope.site')}
          />
        )}
        <CropFields {...{ known, scope, sending }} onChange={set} />
        <SelectField
          label={words.zone}
          value={scope.zone ?? ''}
          options={some(words.anyZone, distinct([...inSite.map(({ id }) => id), scope.zone]), (id) =>
            zoneName(scope.site, id, zones),
          )}
          onChange={(zone) => set({ zone, device: '', ...siteOf(zone, inSite) })}
          error={sending.at('scope.zone')}
        />
        {(devices.length > 1 || scope.device !== undefined) && (
          <SelectField
            label={words.device}
            value={scope.device ?? ''}
            options={some(words.anyDevice, devices)}
            onChange={(device) => set({ device })}
            error={sending.at('scope.device')}
          />
        )}
      </div>
      <Reach known={known} scope={scope} quantity={quantity} />
      {sending.at('scope') && <p class="field-error">{sending.at('scope')}</p>}
    </fieldset>
  );
}

/** Two sites may have a zone of one name: whoever picks a zone means that of its site. */
function siteOf(zone: string, zones: readonly { readonly site: string; readonly id: string }[]) {
  const found = zones.filter(({ id }) => id === zone);
  return found.length === 1 ? { site: found[0]!.site } : {};
}

interface CropFieldsProps {
  readonly known: Known;
  readonly scope: ThresholdScope;
  readonly sending: Sending;
  readonly onChange: (change: { crop?: string; stage?: string }) => void;
}

function CropFields({ known, scope, sending, onChange }: CropFieldsProps) {
  const words = useWords(WORDS);
  const { language } = useConsole().locale;
  const grown = new Set(known.places.zones.map(({ crop }) => crop));
  const stages = CROPS.find(({ id }) => id === scope.crop)?.stages ?? [];
  const crops = CROPS.map((one) => ({
    ...{ value: one.id, label: one[language] },
    group: grown.has(one.id) ? words.grown : words.notGrown,
  }));
  return (
    <>
      <SelectField
        label={words.crop}
        value={scope.crop ?? ''}
        options={[
          { value: '', label: words.anyCrop },
          ...crops.sort((a, b) => Number(grown.has(b.value)) - Number(grown.has(a.value))),
        ]}
        onChange={(crop) => onChange({ crop, stage: '' })}
        error={sending.at('scope.crop')}
      />
      {stages.length > 0 && (
        <SelectField
          label={words.stage}
          value={scope.stage ?? ''}
          options={[
            { value: '', label: words.anyStage },
            ...stages.map((one) => ({ value: one.id, label: one[language] })),
          ]}
          onChange={(stage) => onChange({ stage })}
          error={sending.at('scope.stage')}
        />
      )}
    </>
  );
}

function Reach({ known, scope, quantity }: { known: Known; scope: ThresholdScope; quantity: string }) {
  const words = useWords(WORDS);
  const { locale } = useConsole();
  const names = seriesIn(scope, quantity, known.places).map(
    ({ tags }) => [tags.zone, tags.device, tags.point].filter(Boolean).join('/') || (tags.gateway ?? ''),
  );
  const more = names.length - MOST_NAMED;
  const named = [
    ...names.slice(0, MOST_NAMED),
    ...(more > 0 ? [words.andMore(locale.number(more, 0))] : []),
  ].join(words.comma);
  return (
    <p class="field-hint" aria-live="polite">
      {names.length === 0
        ? words.reachNone
        : names.length === 1
          ? words.reachOne(named)
          : words.reach(locale.number(names.length, 0), named)}
    </p>
  );
}

function distinct(names: readonly (string | undefined)[]): string[] {
  return [...new Set(names.filter((one) => one !== undefined && one !== ''))].sort() as string[];
}
