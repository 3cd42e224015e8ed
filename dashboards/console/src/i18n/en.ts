export const en = {
  pages: 'Pages',
  criticalOpen: (n: string) => `(critical, open: ${n})`,
  pageNotLoaded: 'This page could not be loaded: the connection to Sluice is interrupted.',
  tryAgain: 'Try again',
  switchTo: '中文',
  switchToLabel: 'Switch to Chinese',
  live: 'Live',
  connecting: 'Connecting',
  paused: 'Not connected',
  summary: 'At a glance',
  valvesOpen: 'Valves open',
  devicesOnline: 'Devices online',
  ofTotal: (part: string, whole: string) => `${part} of ${whole}`,
  allWell: 'Everything is reporting',
  attention: 'Needs attention',
  attentionCount: (n: string) => `Needs attention: ${n}`,
  unknownCount: (n: string) => `(${n} unknown)`,
  range: 'Time shown in the charts',
  ranges: { '1h': '1 h', '6h': '6 h', '24h': '24 h', '7d': '7 d' },
  rangeNames: { '1h': 'last hour', '6h': 'last 6 hours', '24h': 'last 24 hours', '7d': 'last 7 days' },
  places: 'Zones and devices',
  zone: 'Zone',
  device: 'Device',
  weather: 'Weather',
  gateways: 'Gateways',
  gateway: 'Gateway',
  gatewayHealth: 'Health and position',
  otherReadings: 'Other readings',
  name: 'Name',
  value: 'Value',
  updated: 'Updated',
  state: 'State',
  counts: (received: string, stored: string, rejected: string) =>
    `Readings: ${received} received, ${stored} stored, ${rejected} rejected`,
  online: 'online',
  offline: 'offline',
  offlineSince: (time: string) => `offline since ${time}`,
  onlineSince: (time: string) => `online since ${time}`,
  bad: 'not plausible',
  uncertain: 'uncertain',
  old: 'not updated',
  clockUnsynced: 'clock not set',
  updatedAge: (age: string) => `updated ${age}`,
  justNow: 'just now',
  named: (name: string, detail: string) => `${name} (${detail})`,
  timesIn: (zone: string) => `Times are in ${zone}.`,
  sinceTime: (time: string, duration: string) => `since ${time} (${duration})`,
  sinceAtLeast: (time: string) => `at least since ${time}`,
  closesIn: (duration: string) => `closes in ${duration}`,
  minutes: (n: string) => `${n} min`,
  hours: (n: string) => `${n} h`,
  hoursMinutes: (h: string, m: string) => `${h} h ${m} min`,
  days: (n: string) => `${n} d`,
  underAMinute: 'under a minute',
  noReadings: 'No readings yet',
  noReadingsText: 'Waiting for the first gateway. This page fills by itself as soon as one reports.',
  loading: 'Loading the farm…',
  unreachable: 'No connection to Sluice',
  unreachableSince: (time: string) => `since ${time}. The values below are the last ones received.`,
  unreachableFirst: 'yet. The values appear as soon as the server answers.',
  retryIn: (seconds: string) => `Next try in ${seconds} s.`,
  retrying: 'Trying now.',
  chartSummary: (name: string, range: string, low: string, high: string, latest: string) =>
    `${name}, ${range}: lowest ${low}, highest ${high}, latest ${latest}`,
  chartEmpty: 'no readings in this time',
  bandSummary: (name: string, range: string, open: string, closed: string) =>
    `${name}, ${range}: open ${open} of the time, closed ${closed}, else unknown`,
  compass: ['N', 'NE', 'E', 'SE', 'S', 'SW', 'W', 'NW'] as readonly string[],
  problemLocked: (name: string) => `${name}: locked for safety, its valves stay closed`,
  problemOffline: (name: string, time: string) => `${name}: offline since ${time}`,
  problemBad: (name: string, quantity: string) => `${name}: ${quantity} is not plausible`,
  problemOld: (name: string, quantity: string, age: string) => `${name}: ${quantity} last updated ${age}`,
  andMore: (n: string) => `and ${n} more`,
};

/** The same shape with any words in it. */
export type Widened<T> = T extends string
  ? string
  : T extends (...args: infer A) => string
    ? (...args: A) => string
    : T extends readonly string[]
      ? readonly string[]
      : { readonly [K in keyof T]: Widened<T[K]> };

/** What every language has to say; a key that is missing or left over does not compile. */
export type Messages = Widened<typeof en>;
