import { asSluiceError, SluiceError } from '../../../core/errors.ts';
import { assertId, isId } from '../../../core/ids.ts';
import { formatMetricName } from '../../../core/sparkplug/metric-name.ts';
import type { DoorReading } from '../door-reading.ts';
import type { Line } from './parse-lines.ts';

/** Tags that a line may carry: those of a series, and the unit of its values where it is not the canonical one. */
const KNOWN = ['site', 'gateway', 'device', 'point', 'zone', 'link', 'class', 'unit'] as const;
type KnownTag = (typeof KNOWN)[number];

/** Where a line does not say it. */
export interface LineDefaults {
  readonly site: string | undefined;
  readonly gateway: string;
  readonly device: string;
}

/** Who a line says it is from, as far as it can be an account: `undefined` where an id is missing or wrong. */
export function senderOf(
  { tags }: Pick<Line, 'tags'>,
  defaults: LineDefaults,
): { site: string; gateway: string } | undefined {
  const of = (name: string) => tags.find(([key]) => key === name)?.[1];
  const site = of('site') ?? defaults.site ?? '';
  const gateway = of('gateway') ?? defaults.gateway;
  return isId(site) && isId(gateway) ? { site, gateway } : undefined;
}

/**
 * The readings of a line, one for each field: measurement and field as the catalogue has them, or together the name of a
 * foreign metric. Throws `ID_INVALID`, or `LINE_INVALID` for a tag that cannot be kept: left out, series that differ in
 * nothing else would become one.
 */
function lineReadings(line: Line, defaults: LineDefaults, nowMs: number): DoorReading[] {
  const tags: Partial<Record<KnownTag, string>> = {};
  for (const [key, value] of line.tags) {
    if (!KNOWN.includes(key as KnownTag)) throw unknownTag(key);
    tags[key as KnownTag] = key === 'unit' ? value : assertId(key, value);
  }
  const site = tags.site ?? defaults.site;
  if (site === undefined) {
    throw lineInvalid(
      line.line,
      'it has no site: give it the tag site, or the address ?site=…',
      '缺少站点：请添加 site 标签，或在地址中使用 ?site=…',
    );
  }
  const { gateway = defaults.gateway, device = defaults.device, point = '', unit = '' } = tags;
  const { zone = '', link = '', class: kind = '' } = tags;
  const common = {
    ...{ site, gateway, device, unit, tags: { zone, link, class: kind } },
    ...{ timeMs: line.timeMs ?? nowMs, isTimed: line.timeMs !== undefined, at: line.line },
  };
  return line.fields.map(([field, value]) => ({
    ...common,
    name: formatMetricName({ measurement: line.measurement, field, point }),
    value,
  }));

  function unknownTag(key: string): SluiceError {
    const shown = JSON.stringify(key.slice(0, 64));
    return lineInvalid(
      line.line,
      `the tag ${shown} has no place here (known: ${KNOWN.join(', ')}); rename it or leave it out where it is sent`,
      `不支持标签 ${shown}（可用：${KNOWN.join('、')}）；请在发送端改名或去除`,
    );
  }
}

export function lineInvalid(line: number, en: string, zh: string): SluiceError {
  return new SluiceError('LINE_INVALID', { line, problem: { en, zh } });
}

/** For callers that go on with the next line. */
export function tryLineReadings(
  line: Line,
  defaults: LineDefaults,
  nowMs: number,
): DoorReading[] | SluiceError {
  try {
    return lineReadings(line, defaults, nowMs);
  } catch (thrown) {
    return asSluiceError(thrown);
  }
}
