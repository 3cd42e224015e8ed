import { DataTable } from '../../components/data-table.tsx';
import { SelectField } from '../../components/form.tsx';
import { AskedPart, Empty } from '../../components/states.tsx';
import { useConsole } from '../../console.ts';
import { useWords } from '../../i18n/use-words.ts';
import { hrefOf } from '../../place.ts';
import { useAsked } from '../../use-asked.ts';
import { DELIVERY_STATES, type DeliveriesReply, type Delivery } from './api.ts';
import { WORDS } from './words.ts';

const REFRESH_MS = 5_000;
const MARKS = { waiting: '…', sent: '✓', failed: '⚠', dropped: '×' } as const;

/** What was told to whom, and what went wrong with it. */
export function Deliveries() {
  const words = useWords(WORDS);
  const { place, locale } = useConsole();
  const state = place.query.get('state') ?? '';
  const asked = useAsked<DeliveriesReply>(
    `/api/v1/deliveries?limit=200${state && `&state=${encodeURIComponent(state)}`}`,
    REFRESH_MS,
  );
  const nowMs = Date.now();
  return (
    <>
      <p>{words.deliveriesText}</p>
      <div class="filter-fields">
        <SelectField
          label={words.state}
          value={state}
          options={[
            { value: '', label: words.all },
            ...DELIVERY_STATES.map((value) => ({ value, label: words.deliveryStates[value] })),
          ]}
          onChange={(value) => {
            location.hash = hrefOf('alerts', ['deliveries'], value === '' ? {} : { state: value });
          }}
        />
      </div>
      <AskedPart asked={asked}>
        {({ deliveries }) =>
          deliveries.length === 0 ? (
            <Empty title={words.deliveriesNone} />
          ) : (
            <div class="card table-holder">
              <DataTable<Delivery>
                caption={words.deliveriesText}
                rows={deliveries}
                keyOf={({ id }) => id}
                columns={[
                  {
                    id: 'to',
                    title: words.to,
                    sortBy: nameOf,
                    cell: nameOf,
                  },
                  {
                    id: 'time',
                    title: words.time,
                    sortBy: ({ timeMs }) => timeMs,
                    cell: ({ timeMs }) => locale.time(timeMs, nowMs),
                  },
                  {
                    id: 'way',
                    title: words.way,
                    sortBy: ({ way }) => way,
                    cell: ({ way }) => words.wayKinds[way],
                  },
                  {
                    id: 'state',
                    title: words.state,
                    sortBy: (one) => one.state,
                    cell: (one) => (
                      <span data-delivery={one.state}>
                        {MARKS[one.state]} {words.deliveryStates[one.state]}
                        {one.tries > 1 && ` (${words.tries(locale.number(one.tries, 0))})`}
                      </span>
                    ),
                  },
                  {
                    id: 'about',
                    title: words.about,
                    cell: (one) => <About delivery={one} />,
                  },
                  { id: 'error', title: words.error, cell: ({ error }) => error?.message ?? '–' },
                ]}
              />
            </div>
          )
        }
      </AskedPart>
    </>
  );
}

function nameOf({ name, contact }: Delivery): string {
  return name || contact;
}

function About({ delivery }: { readonly delivery: Delivery }) {
  const words = useWords(WORDS);
  const alerts = [...new Set(delivery.alerts.map(({ id }) => id).filter((id) => id !== ''))];
  if (alerts.length === 0) return <>{words.aboutTest}</>;
  return (
    <>
      {alerts.map((id, index) => (
        <a key={id} href={hrefOf('alerts', [id])}>
          {words.aboutEvent} {alerts.length > 1 && index + 1}{' '}
        </a>
      ))}
    </>
  );
}
