import { asSluiceError, SluiceError, type Words } from '../../core/errors.ts';
import { isId } from '../../core/ids.ts';
import { plainText } from '../../core/plain-text.ts';
import { CROPS, SOIL_NAMES, SOILS } from '../../core/zones/crops.ts';
import { type Position, polygonsOf } from '../../core/zones/position.ts';
import type { ZoneWish } from '../../core/zones/zone.ts';
import { checkGeometry, isSwapped } from './check-geometry.ts';

export const MOST_FEATURES = 2_000;
const LONGEST_NAME = 100;

/** Names under which GIS programs and people keep what a zone needs, the first that is there. Compared in lower case. */
const NAMES = {
  site: ['site', '站点', '农场'],
  id: ['id', 'zone', 'zone_id', 'fid', '编号', '地块编号', '地块号'],
  name: ['name', '名称', '地块名称', '地块名', '地块', '名字', 'title', 'label'],
  crop: ['crop', '作物', '种植作物'],
  stage: ['stage', '生育期', '阶段'],
  soil: ['soil', '土壤', '土质', '土壤质地'],
  note: ['note', '备注', 'description', '说明'],
} as const;

/**
 * What CRS members (of GeoJSON before RFC 7946) say WGS-84 in degrees; or CGCS2000 (EPSG:4490), in which surveys of China are kept and which
 * agrees with it within a metre, by which the land has drifted since 2000: less than a receiver or a drawn edge is right.
 */
const WGS84 =
  /^(urn:ogc:def:crs:OGC:(1\.3)?:CRS84|urn:ogc:def:crs:EPSG:[\d.]*:(4326|4490)|EPSG:(4326|4490)|OGC:CRS84|CRS84|WGS-?84|CGCS-?2000)$/i;

export interface ReadZone {
  readonly index: number;
  readonly wish: ZoneWish;
  /** What was put right or left out. */
  readonly mended: readonly Words[];
}

export interface RefusedFeature {
  readonly index: number;
  readonly error: SluiceError;
}

interface Surroundings {
  /** Where a feature names no site. */
  readonly site?: string | undefined;
  /** Ids of zones by their site and name, and which ids are taken: a name without an id means the zone of that name. */
  idOf(site: string, name: string): string | undefined;
  isTaken(site: string, id: string): boolean;
  /** Any position of the site that is known. */
  near(site: string): Position | undefined;
}

/**
 * A FeatureCollection (RFC 7946), one zone a feature; a bad one is refused by its place in the file while the others come in.
 * Throws `GEOJSON_INVALID` where the whole cannot be used.
 */
export function readGeoJson(
  document: unknown,
  surroundings: Surroundings,
): { readonly zones: ReadZone[]; readonly refused: RefusedFeature[] } {
  const features = featuresOf(document);
  const zones: ReadZone[] = [];
  const refused: RefusedFeature[] = [];
  const taken = new Set<string>();
  const names = new Map<string, string>();
  const known: Surroundings = {
    ...surroundings,
    idOf: (site, name) => names.get(`${site}/${name}`) ?? surroundings.idOf(site, name),
    isTaken: (site, id) => taken.has(`${site}/${id}`) || surroundings.isTaken(site, id),
  };
  features.forEach((feature, index) => {
    try {
      const { wish, mended } = zoneOf(feature, known);
      const key = `${wish.site}/${wish.id}`;
      if (taken.has(key)) {
        throw invalid(`another feature before it is the zone ${key} as well`, `前面已有要素使用地块 ${key}`);
      }
      taken.add(key);
      names.set(`${wish.site}/${wish.name}`, wish.id);
      zones.push({ index, wish, mended });
    } catch (thrown) {
      refused.push({ index, error: asSluiceError(thrown) });
    }
  });
  return { zones, refused };
}

function featuresOf(document: unknown): unknown[] {
  const { type, features, crs, datum } = objectOf(document);
  if (datum !== undefined && datum !== 'wgs84') {
    throw invalid(
      'its datum is not WGS-84; coordinates in GCJ-02 are for showing on maps only, import the file that they were made from',
      '坐标基准不是 WGS-84；GCJ-02 坐标仅供地图显示，请导入转换前的原始文件',
    );
  }
  checkCrs(crs);
  if (type === 'Feature') return [document];
  if (type !== 'FeatureCollection' || !Array.isArray(features))
    throw invalid('it is no FeatureCollection', '不是 FeatureCollection');
  if (features.length > MOST_FEATURES) {
    throw invalid(
      `it has ${features.length} features; at most ${MOST_FEATURES} at a time`,
      `包含 ${features.length} 个要素；一次最多 ${MOST_FEATURES} 个`,
    );
  }
  return features;
}

/** RFC 7946 has no crs any more; older files say what their coordinates are. */
function checkCrs(crs: unknown): void {
  if (crs === undefined || crs === null) return;
  const { name } = objectOf(objectOf(crs).properties);
  if (typeof name === 'string' && WGS84.test(name)) return;
  const shown = typeof name === 'string' ? name.slice(0, 80) : '?';
  throw invalid(
    `its coordinates are in ${shown}; save it as WGS-84 (EPSG:4326) and import that`,
    `坐标系为 ${shown}；请另存为 WGS-84（EPSG:4326）后再导入`,
  );
}

function zoneOf(feature: unknown, known: Surroundings): Omit<ReadZone, 'index'> {
  const { type, geometry, properties, id: ownId } = objectOf(feature);
  if (type !== 'Feature') throw invalid('it is no Feature', '不是 Feature');
  const given = new Map(
    Object.entries(objectOf(properties)).map(([key, value]) => [key.toLowerCase(), value]),
  );
  const text = (what: keyof typeof NAMES): string | undefined => {
    const value = NAMES[what]
      .map((key) => given.get(key))
      .find((one) => one !== undefined && one !== null && one !== '');
    return value === undefined ? undefined : plainText(String(value)).trim();
  };
  const site = text('site') ?? known.site;
  if (site === undefined || !isId(site)) {
    throw invalid(
      'it names no site: add a property "site", or say which site the file is of',
      '未指明站点：请添加属性 "site"，或指定文件所属的站点',
    );
  }
  const checked = checkGeometry(geometry);
  const near = known.near(site);
  if (near && isSwapped(polygonsOf(checked.geometry).flat(), near)) {
    throw invalid(
      'it looks like latitude first, by where the site lies; GeoJSON has longitude before latitude',
      '根据站点位置判断，坐标像是纬度在前；GeoJSON 要求经度在前、纬度在后',
    );
  }
  const mended = [...checked.mended];
  const named = text('name');
  const id = idOf(
    text('id') ?? (ownId === undefined ? undefined : String(ownId)),
    named,
    site,
    known,
    mended,
  );
  const name = (named ?? id).slice(0, LONGEST_NAME).toWellFormed();
  const wish: ZoneWish = { site, id, name, geometry: checked.geometry, ...cropAndSoil(text, mended) };
  const note = text('note');
  return { wish: note ? { ...wish, note: note.slice(0, 500) } : wish, mended };
}

/** An id stands in tags of readings, so it cannot be Chinese: a zone without one that can be used is known by its name. */
function idOf(
  given: string | undefined,
  name: string | undefined,
  site: string,
  known: Surroundings,
  mended: Words[],
): string {
  if (given !== undefined && isId(given)) return given;
  const found = name === undefined ? undefined : (known.idOf(site, name) ?? (isId(name) ? name : undefined));
  if (found !== undefined) return found;
  let number = 1;
  while (known.isTaken(site, `zone-${number}`)) number++;
  const id = `zone-${number}`;
  mended.push({
    en: `it has no id that readings could carry, and was given "${id}"`,
    zh: `没有可用于读数的标识，已分配“${id}”`,
  });
  return id;
}

function cropAndSoil(
  text: (what: 'crop' | 'stage' | 'soil') => string | undefined,
  mended: Words[],
): Pick<ZoneWish, 'crop' | 'stage' | 'soil'> {
  const [crop, stage, soil] = [text('crop'), text('stage'), text('soil')];
  const foundCrop = CROPS.find((one) => isNamed(one.id, one, crop));
  const foundStage = foundCrop?.stages.find((one) => isNamed(one.id, one, stage));
  const foundSoil = SOILS.find((one) => isNamed(one, SOIL_NAMES[one], soil));
  const leftOut = [
    foundCrop ? undefined : crop,
    foundStage ? undefined : stage,
    foundSoil ? undefined : soil,
  ];
  for (const one of leftOut) {
    if (!one) continue;
    const shown = one.slice(0, 40);
    mended.push({ en: `"${shown}" is not known and was left out`, zh: `未知的“${shown}”已略去` });
  }
  return {
    ...(foundCrop && { crop: foundCrop.id }),
    ...(foundStage && { stage: foundStage.id }),
    ...(foundSoil && { soil: foundSoil }),
  };
}

function isNamed(id: string, { en, zh }: Words, given: string | undefined): boolean {
  const wanted = given?.toLowerCase();
  return wanted !== undefined && [id, en.toLowerCase(), zh].includes(wanted);
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
}

function invalid(en: string, zh: string): SluiceError {
  return new SluiceError('GEOJSON_INVALID', { reason: { en, zh } });
}
