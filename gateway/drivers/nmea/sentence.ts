/**
 * NMEA 0183 sentences, as receivers send them:
 *
 *     $GNRMC,055234.000,A,4739.71890,N,12219.58362,W,0.00,286.35,050826,,,A,V*13
 *      ││└── what it is    └ fields, empty where not known                     └ XOR of all between $ and *
 *      └┴─── who speaks: GP GPS, GB or BD BeiDou, GL GLONASS, GA Galileo, GN several
 */
export type Sentence =
  | {
      readonly kind: 'RMC';
      /** UTC; `undefined` where the receiver does not know it yet. */
      readonly utcMs: number | undefined;
      readonly time: string;
      readonly isValid: boolean;
      readonly position: Position | undefined;
      readonly speedMPerS: number | undefined;
      readonly courseDeg: number | undefined;
    }
  | {
      readonly kind: 'GGA';
      readonly time: string;
      /** 0 none, 1 GNSS, 2 differential, 3 PPS, 4 RTK fixed, 5 RTK float, 6 estimated, 7 by hand, 8 simulated. */
      readonly fix: number;
      readonly position: Position | undefined;
      readonly satellites: number | undefined;
      readonly hdop: number | undefined;
      /** Above mean sea level. */
      readonly altitudeM: number | undefined;
    }
  | {
      readonly kind: 'GSA';
      /** Talker and system, as several of them follow each other; each lists its own satellites. */
      readonly system: string;
      readonly satellites: readonly string[];
      readonly hdop: number | undefined;
    }
  | {
      readonly kind: 'GSV';
      /** Talker and signal: each counts what is in view by itself. */
      readonly system: string;
      readonly signal: string;
      readonly inView: number;
    }
  | {
      readonly kind: 'VTG';
      readonly speedMPerS: number | undefined;
      readonly courseDeg: number | undefined;
    };

export interface Position {
  /** Degrees, WGS 84; north and east are positive. */
  readonly latitude: number;
  readonly longitude: number;
}

/** What a line is: a sentence, one that nobody here needs, or why it cannot be used. */
export type ParsedLine =
  | Sentence
  | { readonly kind: 'other' }
  | { readonly kind: 'bad'; readonly reason: string };

const M_PER_S_OF_KNOT = 1852 / 3600;
const M_PER_S_OF_KM_H = 1 / 3.6;
/** Damaged before its checksum was made, or by a change that the checksum does not see. */
const IMPOSSIBLE_POSITION: ParsedLine = { kind: 'bad', reason: 'its position cannot be' };
const NUMBER = /^-?\d+(\.\d*)?$/;

/** `line` begins with `$` and has no line end. Without a checksum nothing tells noise from numbers. */
export function parseSentence(line: string, needsChecksum: boolean): ParsedLine {
  const [, body = '', given] = /^\$([^*]*)(?:\*(.*))?$/.exec(line) ?? [];
  if (given === undefined) {
    if (needsChecksum) return { kind: 'bad', reason: 'it has no checksum' };
  } else if (!/^[0-9A-Fa-f]{2}\s*$/.test(given) || Number.parseInt(given, 16) !== checksum(body)) {
    return { kind: 'bad', reason: 'its checksum is wrong' };
  }
  const [name = '', ...fields] = body.split(',');
  const [, talker = '', type = ''] = /^(GN|GP|GB|BD|GL|GA)(RMC|GGA|GSA|GSV|VTG)$/.exec(name) ?? [];
  switch (type) {
    case 'RMC':
      return rmc(fields);
    case 'GGA':
      return gga(fields);
    case 'GSA':
      return gsa(talker, fields);
    case 'GSV':
      return gsv(talker, fields);
    case 'VTG':
      return vtg(fields);
    default:
      return { kind: 'other' };
  }
}

function checksum(body: string): number {
  let sum = 0;
  for (let at = 0; at < body.length; at++) sum ^= body.charCodeAt(at);
  return sum;
}

/** time, A or V, latitude, N, longitude, E, knots, course, date, variation, E, mode, navigational status */
function rmc(fields: readonly string[]): ParsedLine {
  const [time = '', status, latitude, north, longitude, east, knots, course, date, , , mode = 'A'] = fields;
  if (fields.length < 9) return { kind: 'bad', reason: 'it is too short' };
  const speed = number(knots);
  const place = position(latitude, north, longitude, east);
  if (status === 'A' && place === 'impossible') return IMPOSSIBLE_POSITION;
  return {
    kind: 'RMC',
    time,
    utcMs: utcOf(date ?? '', time),
    // N no fix, E estimated, M by hand, S simulated.
    isValid: status === 'A' && !'NEMS'.includes(mode || 'A'),
    position: place === 'impossible' ? undefined : place,
    speedMPerS: speed === undefined ? undefined : speed * M_PER_S_OF_KNOT,
    courseDeg: number(course),
  };
}

/** time, latitude, N, longitude, E, quality, satellites, hdop, altitude, M, geoid, M, age, station */
function gga(fields: readonly string[]): ParsedLine {
  const [time = '', latitude, north, longitude, east, quality, satellites, hdop, altitude, unit] = fields;
  const fix = number(quality);
  if (fields.length < 10) return { kind: 'bad', reason: 'it is too short' };
  if (fix === undefined || fix > 8) return { kind: 'bad', reason: 'it has no fix quality' };
  const place = position(latitude, north, longitude, east);
  if (fix > 0 && place === 'impossible') return IMPOSSIBLE_POSITION;
  return {
    kind: 'GGA',
    time,
    fix,
    position: place === 'impossible' ? undefined : place,
    satellites: number(satellites),
    hdop: number(hdop),
    altitudeM: unit === 'M' ? number(altitude) : undefined,
  };
}

/** A or M, 1 2 or 3 dimensions, twelve satellites, pdop, hdop, vdop, and from NMEA 4.1 on the system */
function gsa(talker: string, fields: readonly string[]): ParsedLine {
  if (fields.length < 17) return { kind: 'bad', reason: 'it is too short' };
  const satellites = fields.slice(2, 14).filter((one) => one !== '');
  return { kind: 'GSA', system: `${talker}${fields[17] ?? ''}`, satellites, hdop: number(fields[15]) };
}

/** how many sentences, which, satellites in view, up to four of (number, elevation, azimuth, dB); 4.1: the signal */
function gsv(talker: string, fields: readonly string[]): ParsedLine {
  const inView = number(fields[2]);
  if (inView === undefined) return { kind: 'bad', reason: 'it does not say how many are in view' };
  // Three fields, then groups of four; one more is the signal.
  const signal = (fields.length - 3) % 4 === 1 ? fields.at(-1)! : '';
  return { kind: 'GSV', system: talker, signal, inView };
}

/** course, T, magnetic, M, knots, N, km/h, K, mode; before NMEA 2.0 without the letters */
function vtg(fields: readonly string[]): ParsedLine {
  if (fields[1] !== 'T') return { kind: 'other' };
  const knots = number(fields[4]);
  const kmPerH = number(fields[6]);
  const speed =
    knots !== undefined
      ? knots * M_PER_S_OF_KNOT
      : kmPerH !== undefined
        ? kmPerH * M_PER_S_OF_KM_H
        : undefined;
  return { kind: 'VTG', speedMPerS: speed, courseDeg: number(fields[0]) };
}

function number(text: string | undefined): number | undefined {
  return text !== undefined && NUMBER.test(text) ? Number(text) : undefined;
}

/** `undefined` where all of it is empty, which is how receivers say that they have none. */
function position(latitude = '', north = '', longitude = '', east = ''): Position | 'impossible' | undefined {
  if (latitude === '' && longitude === '') return undefined;
  const lat = degrees(latitude, 2, 90);
  const lon = degrees(longitude, 3, 180);
  if (lat === undefined || lon === undefined || !/^[NS]$/.test(north) || !/^[EW]$/.test(east)) {
    return 'impossible';
  }
  return { latitude: north === 'S' ? -lat : lat, longitude: east === 'W' ? -lon : lon };
}

/** `4739.71890` is 47° 39.71890′. */
function degrees(text: string, digits: number, most: number): number | undefined {
  if (!new RegExp(`^\\d{${digits + 2}}(\\.\\d*)?$`).test(text)) return undefined;
  const minutes = Number(text.slice(digits));
  const value = Number(text.slice(0, digits)) + minutes / 60;
  return minutes < 60 && value <= most ? value : undefined;
}

/**
 * `ddmmyy` and `hhmmss.sss`; the year is of this century. 24:00:00 is the next day's beginning, and a leap second,
 * :60, is told as the second after it, as Unix time does.
 */
function utcOf(date: string, time: string): number | undefined {
  const [, day, month, year] = /^(\d\d)(\d\d)(\d\d)$/.exec(date) ?? [];
  const [, hour, minute, second] = /^(\d\d)(\d\d)(\d\d(?:\.\d*)?)$/.exec(time) ?? [];
  if (!day || !hour) return undefined;
  const [dd, mm, hh, min, ss] = [day, month, hour, minute, second].map(Number) as [
    number,
    number,
    number,
    number,
    number,
  ];
  if (dd < 1 || dd > 31 || mm < 1 || mm > 12 || min > 59 || ss >= 61) return undefined;
  if (hh > 24 || (hh === 24 && (min > 0 || ss > 0))) return undefined;
  return Date.UTC(2000 + Number(year), mm - 1, dd, hh, min) + Math.round(ss * 1_000);
}

/** Whether a time of day is the inserted second, which Unix time cannot tell from the one after it. */
export function isLeapSecond(time: string): boolean {
  return time.slice(4, 6) === '60';
}
