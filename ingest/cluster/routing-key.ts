import { isId } from '../../core/ids.ts';

/**
 * The MQTT plug-in turns the slashes of a topic into dots and its dots into slashes. With `mqtt.sparkplug = true` the dot of
 * the name space is kept, as three underscores:
 *
 *     spBv1.0/farm/DDATA/shed/probe  ⇄  spBv1___0.farm.DDATA.shed.probe
 */
const NAMESPACE_TOPIC = 'spBv1.0/';
const NAMESPACE_KEY = 'spBv1___0.';

const EDGE_TYPES = ['NBIRTH', 'NDATA', 'NDEATH', 'DBIRTH', 'DDATA', 'DDEATH'] as const;

/** What edge nodes send, and nothing that hosts send. */
export const EDGE_PATTERNS: readonly string[] = EDGE_TYPES.map((type) => `${NAMESPACE_KEY}*.${type}.#`);

export function keyOfTopic(topic: string): string {
  const isSparkplug = topic.startsWith(NAMESPACE_TOPIC);
  const rest = isSparkplug ? topic.slice(NAMESPACE_TOPIC.length) : topic;
  return `${isSparkplug ? NAMESPACE_KEY : ''}${swapped(rest)}`;
}

export function topicOfKey(key: string): string {
  const isSparkplug = key.startsWith(NAMESPACE_KEY);
  const rest = isSparkplug ? key.slice(NAMESPACE_KEY.length) : key;
  return `${isSparkplug ? NAMESPACE_TOPIC : ''}${swapped(rest)}`;
}

export interface Sender {
  readonly site: string;
  readonly gateway: string;
}

/** The gateway that an edge message comes from; `undefined` where its ids are none. */
export function senderOfKey(key: string): Sender | undefined {
  const [namespace, site, type, gateway] = key.split('.');
  if (`${namespace}.` !== NAMESPACE_KEY || !EDGE_TYPES.some((one) => one === type)) return undefined;
  if (site === undefined || gateway === undefined || !isId(site) || !isId(gateway)) return undefined;
  return { site, gateway };
}

/** Matches all that a gateway and its devices send. */
export function patternOf({ site, gateway }: Sender): string {
  return `${NAMESPACE_KEY}${site}.*.${gateway}.#`;
}

function swapped(text: string): string {
  return text.replace(/[./]/g, (one) => (one === '.' ? '/' : '.'));
}
