import { SluiceError } from '../errors.ts';
import { isId } from '../ids.ts';

/** Sparkplug B 3.0, chapter 4: `spBv1.0/{group}/{type}/{edge node}[/{device}]`; our group is the site. */
const NAMESPACE = 'spBv1.0';

export const NODE_MESSAGES = ['NBIRTH', 'NDATA', 'NDEATH', 'NCMD'] as const;
export const DEVICE_MESSAGES = ['DBIRTH', 'DDATA', 'DDEATH', 'DCMD'] as const;
export type NodeMessage = (typeof NODE_MESSAGES)[number];
export type DeviceMessage = (typeof DEVICE_MESSAGES)[number];
export type MessageType = NodeMessage | DeviceMessage;

/** `device` is present exactly when `type` is a device message. */
export interface SparkplugTopic {
  readonly site: string;
  readonly type: MessageType;
  readonly gateway: string;
  readonly device?: string;
}

export function formatTopic({ site, type, gateway, device }: SparkplugTopic): string {
  const node = `${NAMESPACE}/${site}/${type}/${gateway}`;
  return device === undefined ? node : `${node}/${device}`;
}

/** Throws `TOPIC_INVALID` with the reason, and `ID_INVALID` words for a name outside the id alphabet. */
export function parseTopic(topic: string): SparkplugTopic {
  const refuse = (reason: string) => new SluiceError('TOPIC_INVALID', { topic, reason });
  const [namespace, site, type, gateway, device, ...rest] = topic.split('/');
  if (namespace !== NAMESPACE) throw refuse(`it does not begin with ${NAMESPACE}/`);
  if (site === undefined || type === undefined || gateway === undefined || rest.length > 0) {
    throw refuse(`it must be ${NAMESPACE}/{site}/{type}/{gateway} with /{device} for device messages`);
  }
  const isNode = NODE_MESSAGES.includes(type as NodeMessage);
  if (!isNode && !DEVICE_MESSAGES.includes(type as DeviceMessage))
    throw refuse(`${type} is not a message type`);
  if (isNode !== (device === undefined)) {
    throw refuse(isNode ? `${type} takes no device` : `${type} needs a device`);
  }
  for (const [kind, id] of Object.entries({ site, gateway, device })) {
    if (id !== undefined && !isId(id)) {
      throw refuse(`the ${kind} "${id}" has characters outside A–Z a–z 0–9 _ -, or is longer than 64`);
    }
  }
  const node = { site, type: type as MessageType, gateway };
  return device === undefined ? node : { ...node, device };
}

export function stateTopic(hostId: string): string {
  return `${NAMESPACE}/STATE/${hostId}`;
}

/** Everything that edge nodes send, and nothing that hosts send. */
export const EDGE_SUBSCRIPTIONS = ['NBIRTH', 'NDATA', 'NDEATH', 'DBIRTH', 'DDATA', 'DDEATH'].map(
  (type) => `${NAMESPACE}/+/${type}/#`,
);
