import { seesSite } from '../../core/access.ts';
import { TAGS } from '../../core/reading.ts';
import type { Series } from '../../core/reading-batch.ts';
import type { ScanBatch } from '../stores/scan.ts';
import { DeviceTrack, findReceivers, type PlaceStore } from './device-track.ts';
import type { ExportRows } from './encoder.ts';
import type { ExportRequest } from './exporter.ts';
import { foldScan } from './fold-scan.ts';

/** What an export holds, a batch at a time; it reads on only as they are taken. */
export async function* exportRows(
  store: PlaceStore,
  { query, window, format }: ExportRequest,
): AsyncGenerator<ExportRows> {
  const scan = store.scan(query);
  const receivers = format === 'geojson' ? await findReceivers(store) : undefined;
  let series: Series | undefined;
  let track: DeviceTrack | undefined;
  try {
    for await (const batch of window ? foldScan(scan, window) : scan) {
      if (receivers && batch.series !== series) {
        await track?.close();
        // Whoever sees a link by itself is not told where the agent stands that measures it.
        const isSeen = query.scope === undefined || seesSite(query.scope, batch.series.site);
        track = isSeen ? await DeviceTrack.of(store, receivers, batch.series, query) : undefined;
      }
      series = batch.series;
      const place = await track?.places(batch.timeMs);
      yield { ...rowsOf(batch), ...(place && { place }) };
    }
  } finally {
    await track?.close();
  }
}

function rowsOf({ series, ...columns }: ScanBatch): ExportRows {
  const { measurement, field, unit } = series;
  return { measurement, field, unit, tags: TAGS.map((tag) => series[tag]), ...columns };
}
