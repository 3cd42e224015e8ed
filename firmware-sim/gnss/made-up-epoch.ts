import type { Random } from '../farm/random.ts';
import type { Place } from '../farm/sun.ts';
import type { GnssConfig } from './gnss-config.ts';
import { formatDate, formatTime, sentenceOf } from './sentence.ts';

const METRES_PER_DEGREE = 111_320;
const CIRCLE_M = 100;
const KNOTS_PER_M_PER_S = 1.943844;
/** A plain receiver under an open sky scatters by this. */
const SCATTER_M = 1.2;

/** What a receiver for GPS and BeiDou says of one second: RMC, GGA, GSA. */
export function madeUpEpoch(
  { walkMPerS }: Pick<GnssConfig, 'walkMPerS'>,
  place: Place,
  random: Random,
  { utcMs, livedS, hasFix }: { utcMs: number; livedS: number; hasFix: boolean },
): string[] {
  const angle = walkMPerS === 0 ? 0 : (livedS * walkMPerS) / CIRCLE_M;
  const radiusM = walkMPerS === 0 ? 0 : CIRCLE_M;
  // Drawn with a fix and without, so that a spell without one does not change what follows.
  const northM = radiusM * Math.cos(angle) + SCATTER_M * random.gaussian();
  const eastM = radiusM * Math.sin(angle) + SCATTER_M * random.gaussian();
  const altitudeM = place.elevationM + 2 * random.gaussian();
  const latitude = place.latitudeDeg + northM / METRES_PER_DEGREE;
  const eastPerDegree = METRES_PER_DEGREE * Math.cos((place.latitudeDeg * Math.PI) / 180);
  const longitude = place.longitudeDeg + eastM / eastPerDegree;
  const course = ((angle * 180) / Math.PI + 90) % 360;
  const time = formatTime(utcMs);
  if (!hasFix) {
    return [
      sentenceOf(`GNRMC,${time},V,,,,,,,${formatDate(utcMs)},,,N`),
      sentenceOf(`GNGGA,${time},,,,,0,00,99.99,,,,,,`),
      sentenceOf('GNGSA,A,1,,,,,,,,,,,,,99.99,99.99,99.99'),
    ];
  }
  const where = `${degrees(latitude, 2)},${latitude >= 0 ? 'N' : 'S'},${degrees(longitude, 3)},${longitude >= 0 ? 'E' : 'W'}`;
  const speed = (walkMPerS * KNOTS_PER_M_PER_S).toFixed(2);
  const direction = walkMPerS === 0 ? '' : course.toFixed(1);
  return [
    sentenceOf(`GNRMC,${time},A,${where},${speed},${direction},${formatDate(utcMs)},,,A`),
    sentenceOf(`GNGGA,${time},${where},1,14,0.8,${altitudeM.toFixed(1)},M,-3.5,M,,`),
    sentenceOf('GNGSA,A,3,03,06,14,17,19,22,28,,,,,,1.5,0.8,1.3'),
  ];
}

/** `ddmm.mmmm`, or `dddmm.mmmm` for a longitude. */
function degrees(value: number, digits: number): string {
  const tenThousandths = Math.round(Math.abs(value) * 600_000);
  const whole = String(Math.floor(tenThousandths / 600_000)).padStart(digits, '0');
  return `${whole}${((tenThousandths % 600_000) / 10_000).toFixed(4).padStart(7, '0')}`;
}
