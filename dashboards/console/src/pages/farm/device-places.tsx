import type { Zone } from '../../../../../core/zones/zone.ts';
import type { Gateway } from '../../api.ts';
import { DataTable } from '../../components/data-table.tsx';
import { FormProblem } from '../../components/form.tsx';
import { useSending } from '../../components/use-sending.ts';
import { useConsole } from '../../console.ts';
import { useWords } from '../../i18n/use-words.ts';
import type { Placement } from './api.ts';
import { FARM_WORDS } from './words.ts';

interface DevicePlacesProps {
  readonly placements: readonly Placement[];
  readonly gateways: readonly Gateway[];
  readonly zones: readonly Zone[];
  readonly mayChange: boolean;
  changed(said: string): void;
}

interface Row {
  readonly site: string;
  readonly gateway: string;
  readonly device: string;
  /** Several where its gateway names several. */
  readonly placements: readonly Placement[];
}

/** Each device, the zone that it stands in and who says so; a choice by hand comes before the others. */
export function DevicePlaces({ placements, gateways, zones, mayChange, changed }: DevicePlacesProps) {
  const { api, locale } = useConsole();
  const words = useWords(FARM_WORDS);
  const sending = useSending();
  const rows = rowsOf(placements, gateways);
  const nameOf = (site: string, id: string) =>
    zones.find((zone) => zone.site === site && zone.id === id)?.name ?? id;
  const place = async ({ site, gateway, device }: Row, zone: string) => {
    const path = `/api/v1/placements/${[site, gateway, device].map(encodeURIComponent).join('/')}`;
    const isDone = await sending.send(() =>
      zone === '' ? api.send('DELETE', path) : api.send('PUT', path, { zone }),
    );
    if (isDone) changed(zone === '' ? words.unplaced(device) : words.placed(device, nameOf(site, zone)));
  };
  const columns = [
    {
      ...{ id: 'device', title: words.device, sortBy: ({ device }: Row) => device },
      cell: ({ device, gateway }: Row) => (
        <>
          {device} <span class="age">{gateway}</span>
        </>
      ),
    },
    {
      ...{ id: 'zone', title: words.zone },
      cell: (row: Row) => locale.list(row.placements.map(({ zone }) => nameOf(row.site, zone))) || words.none,
    },
    {
      ...{ id: 'by', title: words.by },
      cell: (row: Row) => {
        const tagged = row.placements.flatMap((one) => one.tagged ?? []);
        return (
          <>
            {words.bys[row.placements[0]?.by ?? 'none']}
            {tagged.length > 0 && (
              <span class="age">
                {' '}
                {words.taggedToo(locale.list(tagged.map((one) => nameOf(row.site, one))))}
              </span>
            )}
          </>
        );
      },
    },
    ...(mayChange
      ? [
          {
            ...{ id: 'hand', title: words.bys.hand },
            cell: (row: Row) => (
              <select
                class="zone-choice"
                aria-label={words.zoneOf(row.device)}
                value={row.placements.find(({ by }) => by === 'hand')?.zone ?? ''}
                onChange={({ currentTarget }) => void place(row, currentTarget.value)}
              >
                <option value="">{words.asBefore}</option>
                {zones
                  .filter(({ site }) => site === row.site)
                  .map(({ id, name }) => (
                    <option key={id} value={id}>
                      {name}
                    </option>
                  ))}
              </select>
            ),
          },
        ]
      : []),
  ];
  return (
    <section class="card zones-part" aria-labelledby="devices">
      <h2 id="devices">{words.devices}</h2>
      <p>{words.devicesText}</p>
      <FormProblem sending={sending} />
      <DataTable
        caption={words.devicesCaption}
        columns={columns}
        rows={rows}
        keyOf={({ site, gateway, device }) => `${site}/${gateway}/${device}`}
      />
    </section>
  );
}

/** Every device that is known, placed or not. */
function rowsOf(placements: readonly Placement[], gateways: readonly Gateway[]): Row[] {
  const rows = new Map<string, Row>();
  const add = ({ site, gateway, device }: Omit<Row, 'placements'>, placement?: Placement) => {
    const key = `${site}/${gateway}/${device}`;
    const known = rows.get(key)?.placements ?? [];
    rows.set(key, { site, gateway, device, placements: placement ? [...known, placement] : known });
  };
  for (const { site, gateway, devices } of gateways)
    for (const { device } of devices) add({ site, gateway, device });
  for (const placement of placements) add(placement, placement);
  return [...rows.values()];
}
