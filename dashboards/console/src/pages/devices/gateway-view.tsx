import { may } from '../../../../../core/access.ts';
import { type Column, DataTable } from '../../components/data-table.tsx';
import { AskedPart, Empty, useNow } from '../../components/states.tsx';
import { useConsole } from '../../console.ts';
import { useWords } from '../../i18n/use-words.ts';
import { hrefOf } from '../../place.ts';
import { useAsked } from '../../use-asked.ts';
import { type FoundGateway, pathOf, type Setup } from './api.ts';
import { CareCard } from './care-card.tsx';
import { DeliveryCard } from './delivery-card.tsx';
import { Letters } from './letters.tsx';
import { MachineCard } from './machine-card.tsx';
import { Presence } from './presence.tsx';
import { SignInCard } from './sign-in-card.tsx';
import { useCare } from './use-care.ts';
import { WORDS } from './words.ts';

const EVERY_MS = 10_000;

interface Place {
  readonly site: string;
  readonly gateway: string;
}

/** One gateway: whether it is there, what it has, what became of its readings, and what can be asked of it. */
export function GatewayView({ site, gateway }: Place) {
  const words = useWords(WORDS);
  const asked = useAsked<{ gateways: readonly FoundGateway[] }>('/api/v1/gateways', EVERY_MS);
  return (
    <>
      <p>
        <a href={hrefOf('devices')}>← {words.back}</a>
      </p>
      <AskedPart asked={asked}>
        {({ gateways }) => {
          const found = gateways.find((one) => one.site === site && one.gateway === gateway);
          return found ? <Found found={found} /> : <Empty title={words.notFound(`${site}/${gateway}`)} />;
        }}
      </AskedPart>
    </>
  );
}

function Found({ found }: { readonly found: FoundGateway }) {
  const { me } = useConsole();
  const setup = useAsked<Setup>(`${pathOf(found)}/setup`);
  const care = useCare(found);
  const maySet = may(me, 'settings');
  return (
    <>
      <section class="card part">
        <h2>
          {found.gateway} <span class="soft">{found.site}</span>
        </h2>
        <p>
          <Presence {...found} />
        </p>
        <Devices found={found} setup={setup.answer} />
      </section>
      <DeliveryCard found={found} />
      <MachineCard {...found} />
      {maySet && <CareCard found={found} care={care} onSettingsRead={setup.again} />}
      <SignInCard found={found} setup={setup.answer} maySet={maySet} />
      <Letters of={found} />
    </>
  );
}

function Devices({ found, setup }: { readonly found: FoundGateway; readonly setup: Setup | undefined }) {
  const { locale } = useConsole();
  const words = useWords(WORDS);
  const nowMs = useNow(EVERY_MS);
  if (found.devices.length === 0) return <p class="soft">{words.noDevices}</p>;
  const driverOf = (device: string) => setup?.drivers.find(({ devices }) => devices.includes(device));
  const columns: readonly Column<FoundGateway['devices'][number]>[] = [
    { id: 'device', title: words.device, sortBy: ({ device }) => device, cell: ({ device }) => device },
    {
      id: 'driver',
      title: words.driver,
      cell: ({ device }) => {
        const driver = driverOf(device);
        return driver ? `${driver.driver} (${driver.id})` : words.unknown;
      },
    },
    {
      id: 'state',
      title: words.state,
      sortBy: ({ presence }) => presence,
      cell: (one) => <Presence {...one} />,
    },
    {
      id: 'seen',
      title: words.lastSeen,
      sortBy: ({ lastSeenMs }) => lastSeenMs,
      cell: ({ lastSeenMs }) => locale.age(Math.max(0, nowMs - lastSeenMs)),
    },
  ];
  return (
    <DataTable
      caption={words.devices}
      columns={columns}
      rows={found.devices}
      keyOf={({ device }) => device}
    />
  );
}
