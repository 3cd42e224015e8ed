import { useState } from 'preact/hooks';
import { may } from '../../../../../core/access.ts';
import { M2_PER_MU } from '../../../../../core/zones/area.ts';
import { CROPS, SOIL_NAMES } from '../../../../../core/zones/crops.ts';
import type { Zone } from '../../../../../core/zones/zone.ts';
import type { Gateway } from '../../api.ts';
import { Button } from '../../components/button.tsx';
import { Confirm } from '../../components/confirm.tsx';
import { DataTable } from '../../components/data-table.tsx';
import { AskedPart, Empty } from '../../components/states.tsx';
import { useStatus } from '../../components/status-line.tsx';
import { useConsole } from '../../console.ts';
import { useWords } from '../../i18n/use-words.ts';
import { hrefOf } from '../../place.ts';
import { useAsked } from '../../use-asked.ts';
import type { Placement, ZonesReply } from './api.ts';
import './farm.css';
import { DevicePlaces } from './device-places.tsx';
import { FARM_WORDS } from './words.ts';
import { ZoneForm } from './zone-form.tsx';
import { ZoneImport } from './zone-import.tsx';

/** What others change is seen, and not overwritten by what was here before. */
const OTHERS_MS = 5_000;

/** Zones as they are set: names, crops, outlines, and which device stands in which. */
export default function ZonesPage() {
  const { me } = useConsole();
  const words = useWords(FARM_WORDS);
  const status = useStatus();
  const zones = useAsked<ZonesReply>('/api/v1/zones', OTHERS_MS);
  const gateways = useAsked<{ gateways: readonly Gateway[] }>('/api/v1/gateways');
  const placements = useAsked<{ placements: readonly Placement[] }>('/api/v1/placements', OTHERS_MS);
  const mayChange = may(me, 'zones');
  const changed = (said: string) => {
    status.say(said);
    void zones.again();
    void placements.again();
  };
  const known = zones.answer?.zones ?? [];
  const sites = [
    ...new Set([
      ...known.map(({ site }) => site),
      ...(gateways.answer?.gateways ?? []).map(({ site }) => site),
    ]),
  ].sort();
  // A file that is sent before would be of no site, and each of its zones refused.
  const areSitesKnown = zones.answer !== undefined && Boolean(gateways.answer ?? gateways.failure);
  return (
    <main class="page">
      <p>
        <a href={hrefOf('farm')}>← {words.back}</a>
      </p>
      {!mayChange && <p>{words.readOnly}</p>}
      <AskedPart asked={zones}>
        {(answer) => <ZoneTable zones={answer.zones} {...{ sites, mayChange, changed }} />}
      </AskedPart>
      {mayChange && areSitesKnown && <ZoneImport sites={sites} onDone={() => changed(words.saved)} />}
      <section class="card zones-part" aria-labelledby="export">
        <h2 id="export">{words.exportTitle}</h2>
        <p>{words.exportText}</p>
        <p class="actions">
          <a class="button button-plain" href="/api/v1/zones/export?datum=wgs84" download>
            {words.exportWgs}
          </a>
          <a class="button button-plain" href="/api/v1/zones/export?datum=gcj02" download>
            {words.exportGcj}
          </a>
        </p>
      </section>
      <AskedPart asked={placements}>
        {(answer) => (
          <DevicePlaces
            placements={answer.placements}
            gateways={gateways.answer?.gateways ?? []}
            zones={known}
            {...{ mayChange, changed }}
          />
        )}
      </AskedPart>
      {status.line}
    </main>
  );
}

interface ZoneTableProps {
  readonly zones: readonly Zone[];
  readonly sites: readonly string[];
  readonly mayChange: boolean;
  changed(said: string): void;
}

function ZoneTable({ zones, sites, mayChange, changed }: ZoneTableProps) {
  const { api, locale } = useConsole();
  const words = useWords(FARM_WORDS);
  const [edited, setEdited] = useState<Zone | 'new'>();
  const [removed, setRemoved] = useState<Zone>();
  const cropOf = (zone: Zone) => CROPS.find(({ id }) => id === zone.crop);
  const areaOf = ({ areaM2 }: Zone) => {
    if (areaM2 === undefined) return words.outline;
    const m2 = locale.number(areaM2, areaM2 < 100 ? 1 : 0);
    return words.areaMu(m2, locale.number(areaM2 / M2_PER_MU, 2));
  };
  const columns = [
    {
      ...{ id: 'name', title: words.name, sortBy: ({ name }: Zone) => name },
      cell: ({ name, id }: Zone) => (
        <>
          {name} <span class="age">{id}</span>
        </>
      ),
    },
    { id: 'site', title: words.site, cell: ({ site }: Zone) => site },
    {
      ...{ id: 'crop', title: words.crop },
      cell: (zone: Zone) => {
        const crop = cropOf(zone);
        const stage = crop?.stages.find(({ id }) => id === zone.stage);
        return (
          [crop?.[locale.language] ?? zone.crop, stage?.[locale.language] ?? zone.stage]
            .filter(Boolean)
            .join(' · ') || words.none
        );
      },
    },
    {
      ...{ id: 'soil', title: words.soil },
      cell: ({ soil }: Zone) => (soil ? SOIL_NAMES[soil][locale.language] : words.none),
    },
    { id: 'area', title: words.area, cell: areaOf, sortBy: ({ areaM2 = 0 }: Zone) => areaM2 },
    ...(mayChange
      ? [
          {
            ...{ id: 'edit', title: words.edit },
            cell: (zone: Zone) => (
              <span class="actions">
                <Button aria-label={words.editZone(zone.name)} onClick={() => setEdited(zone)}>
                  {words.edit}
                </Button>
                <Button
                  kind="quiet"
                  aria-label={words.removeZone(zone.name)}
                  onClick={() => setRemoved(zone)}
                >
                  {words.remove}
                </Button>
              </span>
            ),
          },
        ]
      : []),
  ];
  return (
    <section class="card zones-part" aria-labelledby="zones">
      <div class="section-head">
        <h2 id="zones">{words.zones}</h2>
        {mayChange && <Button onClick={() => setEdited('new')}>{words.addZone}</Button>}
      </div>
      {zones.length === 0 ? (
        <Empty title={words.noZonesYet}>
          <p>{words.noZonesText}</p>
        </Empty>
      ) : (
        <DataTable
          caption={words.zonesCaption}
          columns={columns}
          rows={zones}
          keyOf={({ site, id }) => `${site}/${id}`}
        />
      )}
      {edited && (
        <ZoneForm
          zone={edited === 'new' ? undefined : edited}
          sites={sites}
          onClose={() => setEdited(undefined)}
          onDone={() => changed(words.saved)}
        />
      )}
      {removed && (
        <Confirm
          title={words.removeZone(removed.name)}
          action={words.remove}
          kind="danger"
          onClose={() => setRemoved(undefined)}
          onConfirm={async () => {
            await api.send('DELETE', pathOf(removed), { version: removed.version });
            changed(words.saved);
          }}
        >
          <p>{words.removeText}</p>
        </Confirm>
      )}
    </section>
  );
}

function pathOf({ site, id }: Zone): string {
  return `/api/v1/zones/${encodeURIComponent(site)}/${encodeURIComponent(id)}`;
}
