import { useState } from 'preact/hooks';
import type { ThresholdTemplate } from '../../../../../core/thresholds/threshold.ts';
import { CROPS } from '../../../../../core/zones/crops.ts';
import { SelectField } from '../../components/form.tsx';
import { AskedPart, Empty } from '../../components/states.tsx';
import { useConsole } from '../../console.ts';
import { useWords } from '../../i18n/use-words.ts';
import { hrefOf } from '../../place.ts';
import { useAsked } from '../../use-asked.ts';
import { describeRule, stageName } from './describe.ts';
import type { Known } from './use-places.ts';
import { WORDS } from './words.ts';

interface TemplateListProps {
  readonly known: Known;
  readonly maySet: boolean;
}

/** Published figures, by crop and soil: those of what is grown here first. */
export function TemplateList({ known, maySet }: TemplateListProps) {
  const words = useWords(WORDS);
  const asked = useAsked<{ readonly templates: readonly ThresholdTemplate[] }>(
    '/api/v1/thresholds/templates',
  );
  return (
    <>
      <header>
        <h2>{words.templatesTitle}</h2>
        <p>{words.templatesText}</p>
      </header>
      <AskedPart asked={asked}>
        {({ templates }) => <Chosen templates={templates} known={known} maySet={maySet} />}
      </AskedPart>
    </>
  );
}

function Chosen({
  templates,
  known,
  maySet,
}: TemplateListProps & { templates: readonly ThresholdTemplate[] }) {
  const words = useWords(WORDS);
  const { locale } = useConsole();
  const zones = known.places.zones;
  const offered = CROPS.filter(({ id }) => templates.some(({ crop }) => crop === id));
  const grown = zones.find(({ crop }) => offered.some(({ id }) => id === crop));
  const [crop, setCrop] = useState(grown?.crop ?? offered[0]?.id ?? '');
  const [soil, setSoil] = useState(grown?.soil ?? '');
  const ofCrop = templates.filter((one) => one.crop === crop);
  const soils = [...new Set(ofCrop.flatMap((one) => one.soil ?? []))];
  const found = ofCrop.filter((one) => soil === '' || one.soil === undefined || one.soil === soil);
  if (templates.length === 0) return <Empty title={words.templatesNone} />;
  return (
    <>
      <div class="filter-fields">
        <SelectField
          label={words.crop}
          value={crop}
          onChange={setCrop}
          options={offered.map((one) => ({ value: one.id, label: one[locale.language] }))}
        />
        {soils.length > 0 && (
          <SelectField
            label={words.soil}
            value={soil}
            onChange={setSoil}
            options={[
              { value: '', label: words.all },
              ...soils.map((one) => ({ value: one, label: words.soils[one] ?? one })),
            ]}
          />
        )}
      </div>
      <ul class="templates">
        {found.map((one) => (
          <li key={one.id} class="card threshold-head">
            <h3>{one.title[locale.language]}</h3>
            <p class="set-by">
              {one.stage ? stageName(one.crop, one.stage, locale) : words.wholeSeason} ·{' '}
              {one.soil ? (words.soils[one.soil] ?? one.soil) : words.anySoil}
            </p>
            <ul class="template-rules">
              {one.thresholds.map((wish) => (
                <li key={`${wish.measurement}/${wish.field}/${wish.rule.kind}/${wish.severity}`}>
                  {describeRule(wish, known.on)}
                </li>
              ))}
            </ul>
            <p class="set-by">{words.source(one.source)}</p>
            {maySet && (
              <p class="actions">
                <a
                  class="button button-plain"
                  href={hrefOf('thresholds', ['templates', one.id])}
                  aria-label={`${words.apply}: ${one.title[locale.language]}`}
                >
                  {words.apply}
                </a>
              </p>
            )}
          </li>
        ))}
      </ul>
    </>
  );
}
