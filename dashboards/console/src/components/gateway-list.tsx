import type { Gateway } from '../api.ts';
import { useView } from '../view.ts';

/** Each gateway and the devices behind it: there or not, since when, and what has come of it. */
export function GatewayList({ gateways }: { readonly gateways: readonly Gateway[] }) {
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
          </article>
        ))}
      </div>
    </section>
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
