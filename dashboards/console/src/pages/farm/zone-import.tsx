import { useState } from 'preact/hooks';
import { Field, SelectField } from '../../components/form.tsx';
import { SendForm } from '../../components/send-form.tsx';
import { useSending } from '../../components/use-sending.ts';
import { useConsole } from '../../console.ts';
import { useWords } from '../../i18n/use-words.ts';
import type { ImportReply } from './api.ts';
import { FARM_WORDS } from './words.ts';

const MOST_BYTES = 16_000_000;

/** Takes a file, and says of each feature what became of it. */
export function ZoneImport({ sites, onDone }: { readonly sites: readonly string[]; onDone(): void }) {
  const { api } = useConsole();
  const words = useWords(FARM_WORDS);
  const sending = useSending();
  const [chosenSite, setSite] = useState('');
  const [file, setFile] = useState<File>();
  const [report, setReport] = useState<ImportReply>();
  const site = chosenSite || (sites[0] ?? '');
  const take = async () => {
    if (!file) return sending.refuse({ file: words.needed });
    if (file.size > MOST_BYTES) return sending.refuse({ file: words.tooLarge });
    const document = parsed(await file.text());
    if (typeof document !== 'object' || document === null) return sending.refuse({ file: words.notJson });
    const query = site ? `?site=${encodeURIComponent(site)}` : '';
    setReport(undefined);
    const isDone = await sending.send(async () =>
      setReport(await api.send<ImportReply>('POST', `/api/v1/zones/import${query}`, document)),
    );
    if (isDone) onDone();
  };
  return (
    <section class="card zones-part" aria-labelledby="import">
      <h2 id="import">{words.importTitle}</h2>
      <p>{words.importText}</p>
      <SendForm sending={sending} action={words.importTitle} kind="plain" onSubmit={take}>
        <Field label={words.importFile} error={sending.at('file')}>
          {(part) => (
            <input
              {...part}
              type="file"
              accept=".geojson,.json,application/geo+json,application/json"
              onChange={({ currentTarget }) => setFile(currentTarget.files?.[0])}
            />
          )}
        </Field>
        {sites.length > 1 && (
          <SelectField
            label={words.importSite}
            value={site}
            onChange={setSite}
            options={sites.map((one) => ({ value: one, label: one }))}
          />
        )}
      </SendForm>
      <div class="import-report" role="status">
        {report && <Report report={report} />}
      </div>
    </section>
  );
}

function Report({
  report: { added, changed, unchanged, mended, refused },
}: {
  readonly report: ImportReply;
}) {
  const { locale } = useConsole();
  const words = useWords(FARM_WORDS);
  const n = (list: readonly unknown[]) => locale.number(list.length, 0);
  const feature = (index: number) => words.feature(locale.number(index + 1, 0));
  return (
    <>
      <p>{words.imported(n(added), n(changed), n(unchanged))}</p>
      {refused.length > 0 && (
        <>
          <p>{words.refusedCount(n(refused))}</p>
          <ul>
            {refused.map(({ index, message }) => (
              <li key={index}>{`${feature(index)}: ${message}`}</li>
            ))}
          </ul>
        </>
      )}
      {mended.length > 0 && (
        <>
          <p>{words.mendedCount}</p>
          <ul>
            {mended.map(({ index, zone, messages }) => (
              <li key={index}>{`${feature(index)} (${zone}): ${messages.join('; ')}`}</li>
            ))}
          </ul>
        </>
      )}
    </>
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
