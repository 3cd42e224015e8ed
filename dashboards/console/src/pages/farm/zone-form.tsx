import { useState } from 'preact/hooks';
import { CROPS, SOIL_NAMES, SOILS, type Soil } from '../../../../../core/zones/crops.ts';
import type { Zone, ZoneWish } from '../../../../../core/zones/zone.ts';
import { Dialog } from '../../components/dialog.tsx';
import { SelectField, TextField } from '../../components/form.tsx';
import { SendForm } from '../../components/send-form.tsx';
import { useSending } from '../../components/use-sending.ts';
import { useConsole } from '../../console.ts';
import { useWords } from '../../i18n/use-words.ts';
import { FARM_WORDS } from './words.ts';

interface ZoneFormProps {
  /** Undefined for a new one. */
  readonly zone: Zone | undefined;
  readonly sites: readonly string[];
  onClose(): void;
  onDone(): void;
}

/** What people say of a zone; its outline comes from a file and stays. */
export function ZoneForm({ zone, sites, onClose, onDone }: ZoneFormProps) {
  const { api, locale } = useConsole();
  const words = useWords(FARM_WORDS);
  const sending = useSending();
  const [site, setSite] = useState(zone?.site ?? sites[0] ?? '');
  const [id, setId] = useState(zone?.id ?? '');
  const [name, setName] = useState(zone?.name ?? '');
  const [crop, setCrop] = useState(zone?.crop ?? '');
  const [stage, setStage] = useState(zone?.stage ?? '');
  const [soil, setSoil] = useState<Soil | ''>(zone?.soil ?? '');
  const [note, setNote] = useState(zone?.note ?? '');
  const none = { value: '', label: words.none };
  const optionOf = (one: { readonly id: string; readonly en: string; readonly zh: string }) => ({
    value: one.id,
    label: one[locale.language],
  });
  const stages = CROPS.find((one) => one.id === crop)?.stages ?? [];
  const save = async () => {
    const missing = Object.entries({ ...(!zone && { id, site }), name }).filter(
      ([, text]) => text.trim() === '',
    );
    if (missing.length > 0)
      return sending.refuse(Object.fromEntries(missing.map(([field]) => [field, words.needed])));
    const said: Omit<ZoneWish, 'site' | 'id'> = {
      name: name.trim(),
      ...(crop && { crop }),
      ...(stage && { stage }),
      ...(soil && { soil }),
      ...(note.trim() && { note: note.trim() }),
      ...(zone?.geometry && { geometry: zone.geometry }),
    };
    const path = zone && `/api/v1/zones/${encodeURIComponent(zone.site)}/${encodeURIComponent(zone.id)}`;
    const isDone = await sending.send(() =>
      path
        ? api.send('PUT', path, { ...said, version: zone.version })
        : api.send('POST', '/api/v1/zones', { ...said, site, id }),
    );
    if (!isDone) return;
    onDone();
    onClose();
  };
  return (
    <Dialog title={zone ? words.editZone(zone.name) : words.addZone} onClose={onClose}>
      <SendForm sending={sending} action={words.save} onSubmit={save}>
        <TextField
          label={words.name}
          value={name}
          onChange={setName}
          maxLength={100}
          error={sending.at('name')}
        />
        {!zone && (
          <>
            {sites.length > 0 ? (
              <SelectField
                label={words.site}
                value={site}
                onChange={setSite}
                options={sites.map((one) => ({ value: one, label: one }))}
              />
            ) : (
              <TextField label={words.site} value={site} onChange={setSite} error={sending.at('site')} />
            )}
            <TextField
              label={words.id}
              hint={words.idHint}
              value={id}
              onChange={setId}
              maxLength={64}
              error={sending.at('id')}
            />
          </>
        )}
        <SelectField
          label={words.crop}
          value={crop}
          onChange={(chosen) => {
            setCrop(chosen);
            setStage('');
          }}
          options={[none, ...CROPS.map(optionOf)]}
        />
        {stages.length > 0 && (
          <SelectField
            label={words.stage}
            value={stage}
            onChange={setStage}
            options={[none, ...stages.map(optionOf)]}
          />
        )}
        <SelectField
          label={words.soil}
          value={soil}
          onChange={(chosen) => setSoil(chosen as Soil | '')}
          options={[none, ...SOILS.map((one) => optionOf({ id: one, ...SOIL_NAMES[one] }))]}
        />
        <TextField label={words.note} value={note} onChange={setNote} isOptional isLong maxLength={500} />
      </SendForm>
    </Dialog>
  );
}
