import type { LastReading } from '../../api.ts';
import { type Column, DataTable } from '../../components/data-table.tsx';
import { AskedPart, Empty, useNow } from '../../components/states.tsx';
import { useConsole } from '../../console.ts';
import type { Locale } from '../../i18n/locale.ts';
import { useWords } from '../../i18n/use-words.ts';
import { hrefOf } from '../../place.ts';
import { useAsked } from '../../use-asked.ts';
import type { FoundGateway, Machine } from './api.ts';
import { Letters } from './letters.tsx';
import { Presence } from './presence.tsx';
import { shareText } from './share-text.ts';
import { type DevicesWords, WORDS } from './words.ts';

const EVERY_MS = 10_000;
const CLOCKS_EVERY_MS = 30_000;
const CLOCKS = '/api/v1/last?measurement=gateway&field=clock_synced';

/** Every gateway with how it fares, worst first, and below it what was refused. */
export function Fleet() {
  const { locale } = useConsole();
  const words = useWords(WORDS);
  const asked = useAsked<{ gateways: readonly FoundGateway[] }>('/api/v1/gateways', EVERY_MS);
  const clocks = useAsked<Machine>(CLOCKS, CLOCKS_EVERY_MS).answer?.readings ?? [];
  const nowMs = useNow(EVERY_MS);
  return (
    <>
      <section class="card part" aria-label={words.gateways}>
        <AskedPart asked={asked}>
          {({ gateways }) =>
            gateways.length === 0 ? (
              <Empty title={words.noGateways}>
                <p>{words.noGatewaysHelp}</p>
              </Empty>
            ) : (
              <DataTable
                caption={words.gateways}
                columns={columnsOf(words, locale, clocks, nowMs)}
                rows={[...gateways].sort((a, b) => urgency(b) - urgency(a))}
                keyOf={({ site, gateway }) => `${site}/${gateway}`}
              />
            )
          }
        </AskedPart>
      </section>
      <Letters />
    </>
  );
}

function columnsOf(
  words: DevicesWords,
  locale: Locale,
  clocks: readonly LastReading[],
  nowMs: number,
): readonly Column<FoundGateway>[] {
  return [
    {
      id: 'gateway',
      title: words.gateway,
      sortBy: ({ gateway }) => gateway,
      cell: ({ site, gateway }) => (
        <>
          <a href={hrefOf('devices', [site, gateway])}>{gateway}</a> <span class="soft">{site}</span>
        </>
      ),
    },
    { id: 'state', title: words.state, sortBy: urgency, cell: (one) => <Presence {...one} /> },
    {
      id: 'seen',
      title: words.lastSeen,
      sortBy: ({ lastSeenMs }) => lastSeenMs,
      cell: ({ lastSeenMs }) => locale.age(Math.max(0, nowMs - lastSeenMs)),
    },
    {
      id: 'devices',
      title: words.devices,
      isNumber: true,
      sortBy: ({ devices }) => devices.length,
      cell: ({ devices }) => words.devicesOf(onlineOf(devices), devices.length),
    },
    {
      id: 'complete',
      title: words.complete,
      isNumber: true,
      sortBy: ({ delivery }) => delivery.share ?? -1,
      cell: ({ delivery }) => shareText(delivery, locale, words),
    },
    {
      id: 'waiting',
      title: words.waiting,
      isNumber: true,
      sortBy: ({ delivery }) => delivery.inFlight,
      cell: ({ delivery }) => locale.number(delivery.inFlight, 0),
    },
    { id: 'clock', title: words.clock, cell: (one) => clockOf(one, clocks, words) },
  ];
}

function clockOf(
  { site, gateway }: FoundGateway,
  clocks: readonly LastReading[],
  words: DevicesWords,
): string {
  const found = clocks.find(({ tags }) => tags.site === site && tags.gateway === gateway);
  if (!found) return words.unknown;
  return found.value === 1 ? words.clockSet : words.clockNotSet;
}

function onlineOf(devices: FoundGateway['devices']): number {
  return devices.filter(({ presence }) => presence === 'online').length;
}

/** What somebody should look at stands first. */
function urgency({ presence, devices }: FoundGateway): number {
  const base = { online: 0, unknown: 1_000_000, offline: 2_000_000 }[presence];
  return base + devices.length - onlineOf(devices);
}
