import { useConsole } from '../../console.ts';
import { useWords } from '../../i18n/use-words.ts';
import { useFarm } from './farm-context.ts';
import { FARM_WORDS } from './words.ts';

const LITTLE_M3 = 0.01;

/** Today's water of each site, with rain beside it. */
export function SiteWaters() {
  const { locale } = useConsole();
  const { water } = useFarm();
  const words = useWords(FARM_WORDS);
  if (water.length === 0) return null;
  return (
    <>
      {water.map(({ site, m3, unassignedM3, rainMm }) => (
        <dl class="counts" key={site} aria-label={words.siteNamed(site)}>
          <div class="count">
            <dt>
              {words.waterToday}
              {water.length > 1 && ` · ${site}`}
            </dt>
            <dd>{locale.number(m3, 2)} m³</dd>
            {unassignedM3 > LITTLE_M3 && (
              <dd class="age">{words.unassigned(`${locale.number(unassignedM3, 2)} m³`)}</dd>
            )}
          </div>
          {rainMm !== undefined && (
            <div class="count">
              <dt>{words.rainToday}</dt>
              <dd>{locale.number(rainMm, 1)} mm</dd>
            </div>
          )}
        </dl>
      ))}
    </>
  );
}
