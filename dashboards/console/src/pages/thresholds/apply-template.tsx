import { useState } from 'preact/hooks';
import type {
  Threshold,
  ThresholdTemplate,
  ThresholdWish,
} from '../../../../../core/thresholds/threshold.ts';
import { Button } from '../../components/button.tsx';
import { FormProblem, SelectField, TextField } from '../../components/form.tsx';
import { AskedPart, Empty } from '../../components/states.tsx';
import { useSending } from '../../components/use-sending.ts';
import { useConsole } from '../../console.ts';
import { useWords } from '../../i18n/use-words.ts';
import { useAsked } from '../../use-asked.ts';
import type { KnownZone } from './api.ts';
import { cropName, describeRule } from './describe.ts';
import { zoneKey } from './scope.ts';
import { plainWish } from './threshold-action.tsx';
import { TrialView } from './trial-view.tsx';
import type { Known } from './use-places.ts';
import { WORDS } from './words.ts';

interface ApplyProps {
  readonly id: string;
  readonly all: readonly Threshold[];
  readonly known: Known;
  readonly onDone: (text: string) => void;
}

/** Sets a template's thresholds for one zone: first which zone, then a look at what that would do. */
export function ApplyTemplate({ id, ...props }: ApplyProps) {
  const words = useWords(WORDS);
  const asked = useAsked<{ readonly templates: readonly ThresholdTemplate[] }>(
    '/api/v1/thresholds/templates',
  );
  const [zone, setZone] = useState<KnownZone>();
  return (
    <AskedPart asked={asked}>
      {({ templates }) => {
        const template = templates.find((one) => one.id === id);
        if (!template) return <Empty title={words.templatesNone} />;
        if (!zone) return <ChooseZone template={template} known={props.known} onChoose={setZone} />;
        return <Preview {...props} template={template} zone={zone} onBack={() => setZone(undefined)} />;
      }}
    </AskedPart>
  );
}

interface ChooseZoneProps {
  readonly template: ThresholdTemplate;
  readonly known: Known;
  readonly onChoose: (zone: KnownZone) => void;
}

function ChooseZone({ template, known, onChoose }: ChooseZoneProps) {
  const words = useWords(WORDS);
  const { locale } = useConsole();
  const fits = (zone: KnownZone) => zone.crop === template.crop;
  const zones = [...known.places.zones].sort((a, b) => Number(fits(b)) - Number(fits(a)));
  const [key, setKey] = useState(zones[0] ? zoneKey(zones[0].site, zones[0].id) : '');
  if (zones.length === 0) return <Empty title={words.chooseNone} />;
  const options = zones.map((zone) => ({
    value: zoneKey(zone.site, zone.id),
    label: `${zone.name} (${zone.site})`,
    group: fits(zone) ? words.fits(cropName(template.crop, undefined, locale)) : words.fitsNot,
  }));
  return (
    <form
      class="form card threshold-form"
      onSubmit={(event) => {
        event.preventDefault();
        const chosen = zones.find((one) => zoneKey(one.site, one.id) === key);
        if (chosen) onChoose(chosen);
      }}
    >
      <p class="set-by">{words.step('1')}</p>
      <h2>{template.title[locale.language]}</h2>
      <SelectField label={words.chooseZone} value={key} options={options} onChange={setKey} />
      <p class="form-actions">
        <Button type="submit" kind="main">
          {words.preview}
        </Button>
      </p>
    </form>
  );
}

interface PreviewProps extends Omit<ApplyProps, 'id'> {
  readonly template: ThresholdTemplate;
  readonly zone: KnownZone;
  readonly onBack: () => void;
}

function Preview({ template, zone, all, known, onDone, onBack }: PreviewProps) {
  const words = useWords(WORDS);
  const { api, locale } = useConsole();
  const [why, setWhy] = useState(() => words.fromTemplate(template.title[locale.language]));
  const sending = useSending();
  const steps = template.thresholds.map((wish) => stepFor(wish, template, zone, all));
  const due = steps.filter(({ isSame }) => !isSame);
  const save = async () => {
    if (why.trim() === '') return sending.refuse({ why: words.needed });
    const isSaved = await sending.send(async () => {
      // One after the other: what has been set stays when the next is refused, and stands as "already so" at the next try.
      for (const { wish, standing } of due) {
        const body = { ...wish, why: why.trim() };
        if (standing)
          await api.send('PUT', `/api/v1/thresholds/${standing.id}`, { ...body, version: standing.version });
        else await api.send('POST', '/api/v1/thresholds', body);
      }
    });
    if (isSaved) onDone(words.applied(locale.number(due.length, 0)));
  };
  const isOther =
    zone.crop !== template.crop || (template.stage !== undefined && zone.stage !== template.stage);
  return (
    <>
      <form
        class="form card threshold-form"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <p class="set-by">{words.step('2')}</p>
        <h2>{words.previewText(template.title[locale.language], zone.name)}</h2>
        {isOther && (
          <p class="mind">{words.zoneOther(zone.name, cropName(template.crop, template.stage, locale))}</p>
        )}
        {template.soil !== undefined && zone.soil !== template.soil && (
          <p class="mind">{words.soilOther(zone.name, words.soils[template.soil] ?? template.soil)}</p>
        )}
        <ul class="template-rules">
          {steps.map(({ wish, standing, isSame }) => (
            <li key={`${wish.measurement}/${wish.field}/${wish.rule.kind}/${wish.severity}`}>
              <strong>{describeRule(wish, known.on)}</strong>
              <p class="set-by">
                {isSame
                  ? words.same
                  : standing
                    ? words.replaces(describeRule(standing, known.on))
                    : words.adds}
              </p>
            </li>
          ))}
        </ul>
        <p class="set-by">{words.source(template.source)}</p>
        <TextField
          label={words.why}
          value={why}
          onChange={setWhy}
          isLong
          maxLength={500}
          error={sending.at('why')}
        />
        <FormProblem sending={sending} />
        <p class="form-actions">
          {due.length > 0 && (
            <Button type="submit" kind="main" isBusy={sending.isSending}>
              {words.applyAll}
            </Button>
          )}
          <Button onClick={onBack}>{words.stepBack}</Button>
        </p>
      </form>
      {steps.map(({ wish, standing }) => (
        <TrialView
          key={`${wish.measurement}/${wish.field}/${wish.rule.kind}`}
          {...{ wish, standing, known }}
        />
      ))}
    </>
  );
}

interface Step {
  readonly wish: ThresholdWish;
  /** What it takes the place of: the same quantity, rule and severity at the same place. */
  readonly standing: Threshold | undefined;
  readonly isSame: boolean;
}

function stepFor(
  of: ThresholdWish,
  template: ThresholdTemplate,
  zone: KnownZone,
  all: readonly Threshold[],
): Step {
  const scope = { ...of.scope, site: zone.site, zone: zone.id };
  const wish = { ...of, scope, source: of.source ?? template.source, template: template.id };
  const standing = all.find(
    (one) =>
      one.measurement === wish.measurement &&
      one.field === wish.field &&
      one.rule.kind === wish.rule.kind &&
      one.severity === wish.severity &&
      sorted(one.scope) === sorted(scope),
  );
  return { wish, standing, isSame: standing !== undefined && sorted(plainWish(standing)) === sorted(wish) };
}

/** Whatever the order of its keys. */
function sorted(value: unknown): string {
  return JSON.stringify(value, (_, one) =>
    one && typeof one === 'object' && !Array.isArray(one)
      ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1)))
      : one,
  );
}
