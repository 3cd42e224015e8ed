import { useState } from 'preact/hooks';
import type { Gateway } from '../api.ts';
import type { Farm, GatewayHealth } from '../farm.ts';
import { useView } from '../view.ts';
import { ReadingTable } from './reading-table.tsx';
import { StateRow } from './state-row.tsx';

/** Each gateway and the devices behind it: there or not, since when, what has come of it, and how it fares itself. */
export function GatewayList({ gateways, health }: GatewayListProps) {
  const { locale } = useView();
  const { words } = locale;
  const count = (value: number) => locale.number(value, 0);
  return (
    <section aria-labelledby="gateways">
      <h2 id="gateways">{words.gateways}</h2>
      <div class="gateways">
        {gateways.map((one) => (
          <article class="card gateway" key={`${one.site}/${one.gateway}`}>
            <header class="card-head">
              <h3>
                <span class="eyebrow">{one.site}</span> {one.gateway}
              </h3>
              <PresenceWords online={one.online} sinceMs={one.sinceMs} />
            </header>
            <ul class="presences">
              {one.devices.map((device) => {
                const isOnline = one.online && device.online;
                return (
                  <li key={device.device}>
                    {device.device}{' '}
                    <PresenceWords online={isOnline} sinceMs={isOnline ? undefined : device.sinceMs} />
                  </li>
                );
              })}
            </ul>
            <p class="ledger">{words.counts(count(one.received), count(one.stored), count(one.rejected))}</p>
            <Health health={health.get(`${one.site}/${one.gateway}`)} />
          </article>
        ))}
      </div>
    </section>
  );
}

interface GatewayListProps {
  readonly gateways: readonly Gateway[];
  readonly health: Farm['gateways'];
}

/** The locks in sight; what only an engineer asks for one touch away, and not drawn before. */
function Health({ health }: { readonly health: GatewayHealth | undefined }) {
  const { words } = useView().locale;
  const [isOpen, setOpen] = useState(false);
  if (!health) return null;
  return (
    <>
      {health.locks.length > 0 && (
        <ul class="states locks">
          {health.locks.map((lock) => (
            <StateRow key={lock.key} metric={lock} />
          ))}
        </ul>
      )}
      {health.metrics.length > 0 && (
        <details class="health" onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
          <summary>{words.gatewayHealth}</summary>
          {isOpen && (
            <div class="table-holder">
              <ReadingTable metrics={health.metrics} />
            </div>
          )}
        </details>
      )}
    </>
  );
}

interface PresenceProps {
  readonly online: boolean;
  /** Left out where it would only repeat. */
  readonly sinceMs: number | undefined;
}

function PresenceWords({ online, sinceMs }: PresenceProps) {
  const { locale, nowMs } = useView();
  const { words } = locale;
  const since = sinceMs === undefined ? undefined : locale.time(sinceMs, nowMs);
  return (
    <span class="presence" data-online={online}>
      {since === undefined
        ? words[online ? 'online' : 'offline']
        : words[online ? 'onlineSince' : 'offlineSince'](since)}
    </span>
  );
}
