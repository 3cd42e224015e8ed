import { clockOf, qualityOf, TAGS } from '../../core/reading.ts';
import type { Encoder, ExportRows } from './encoder.ts';

const utf8 = new TextEncoder();

/**
 * RFC 7946: one FeatureCollection, a Feature on a line for each reading. Its geometry is where the device was, as a
 * Point in WGS 84, or null where that is not known. The altitude of a receiver is above the sea and that of
 * GeoJSON above the ellipsoid (RFC 7946, 3.1.1), up to 100 m apart, so it is no third coordinate; it is a measurement of its own.
 */
export class GeoJsonEncoder implements Encoder {
  #isFirst = true;

  head(): Uint8Array<ArrayBuffer> {
    return utf8.encode('{"type":"FeatureCollection","features":[');
  }

  rows({
    measurement,
    field,
    unit,
    tags,
    timeMs,
    value,
    texts,
    status,
    place,
  }: ExportRows): Uint8Array<ArrayBuffer> {
    const set = Object.fromEntries(
      TAGS.map((tag, index) => [tag, tags[index]!]).filter(([, text]) => text !== ''),
    );
    const names = JSON.stringify({ measurement, field, unit, ...set }).slice(1);
    const features: string[] = [];
    for (let row = 0; row < timeMs.length; row++) {
      const told = JSON.stringify(texts?.get(row) ?? value[row]!);
      const judged =
        status.length === 0
          ? ''
          : `"quality":"${qualityOf(status[row]!)}","clock":"${clockOf(status[row]!)}",`;
      const ms = timeMs[row]!;
      features.push(
        `${this.#isFirst ? '' : ','}\n{"type":"Feature","geometry":${geometry(place, row)},` +
          `"properties":{"time":"${new Date(ms).toISOString()}","timeMs":${ms},"value":${told},${judged}${names}}`,
      );
      this.#isFirst = false;
    }
    return utf8.encode(features.join(''));
  }

  end(): Uint8Array<ArrayBuffer> {
    return utf8.encode('\n]}\n');
  }
}

/** Seven decimals are a centimetre (RFC 7946, 11.2 warns of more). */
function geometry(place: ExportRows['place'], row: number): string {
  const longitude = place?.longitude[row] ?? Number.NaN;
  const latitude = place?.latitude[row] ?? Number.NaN;
  if (Number.isNaN(longitude) || Number.isNaN(latitude)) return 'null';
  return `{"type":"Point","coordinates":[${rounded(longitude)},${rounded(latitude)}]}`;
}

function rounded(degrees: number): number {
  return Math.round(degrees * 1e7) / 1e7;
}
