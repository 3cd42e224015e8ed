/** `$GNRMC,…*hh` for its body without `$` and checksum (IEC 61162-1: the exclusive or of all characters between). */
export function sentenceOf(body: string): string {
  let sum = 0;
  for (let index = 0; index < body.length; index++) sum ^= body.charCodeAt(index);
  return `$${body}*${sum.toString(16).toUpperCase().padStart(2, '0')}`;
}

/** Where a sentence tells the time of day, by its three letters. */
const TIME_FIELD: Readonly<Record<string, number>> = { RMC: 1, GGA: 1, GNS: 1, GST: 1, ZDA: 1, GLL: 5 };
const RMC_DATE_FIELD = 9;

/** Seconds of the day that a sentence tells; `undefined` where it tells none. */
export function timeOfDayS(line: string): number | undefined {
  const fields = fieldsOf(line);
  const text = fields[TIME_FIELD[fields[0]?.slice(2) ?? ''] ?? -1];
  if (text === undefined || !/^\d{6}/.test(text)) return undefined;
  return Number(text.slice(0, 2)) * 3600 + Number(text.slice(2, 4)) * 60 + Number(text.slice(4));
}

/** The same sentence at another time: only what tells time or date changes, and the checksum. */
export function restamped(line: string, utcMs: number): string {
  const fields = fieldsOf(line);
  const kind = fields[0]?.slice(2) ?? '';
  const at = TIME_FIELD[kind];
  if (at === undefined || !fields[at]) return line;
  fields[at] = formatTime(utcMs);
  if (kind === 'RMC' && fields[RMC_DATE_FIELD]) fields[RMC_DATE_FIELD] = formatDate(utcMs);
  if (kind === 'ZDA') fields.splice(2, 3, ...isoDate(utcMs).split('-').reverse());
  return sentenceOf(fields.join(','));
}

/** `hhmmss.ss` in UTC. */
export function formatTime(utcMs: number): string {
  const text = new Date(utcMs).toISOString();
  return `${text.slice(11, 13)}${text.slice(14, 16)}${text.slice(17, 22)}`;
}

/** `ddmmyy`. */
export function formatDate(utcMs: number): string {
  const [year, month, day] = isoDate(utcMs).split('-') as [string, string, string];
  return `${day}${month}${year.slice(2)}`;
}

function isoDate(utcMs: number): string {
  return new Date(utcMs).toISOString().slice(0, 10);
}

function fieldsOf(line: string): string[] {
  return line
    .replace(/^\$/, '')
    .replace(/\*[0-9A-Fa-f]{2}$/, '')
    .split(',');
}
