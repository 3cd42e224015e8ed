import { gunzipSync, gzipSync } from 'node:zlib';
import type { LinkPlan } from './link-plan.ts';

/** Beyond this the text is compressed: brokers bound a packet, and a plan of a thousand links is half a megabyte of JSON. */
const LONGEST_JSON = 4_096;
/** Of what is read: 5 000 links with four probes each are 6 MB of JSON. */
const LONGEST_UNPACKED = 16_777_216;

/** The value of the metric `Links/Plan`: JSON, or base64 of JSON under gzip (RFC 1952), which never begins with a brace. */
export function encodePlan(plan: LinkPlan): string {
  const json = JSON.stringify(plan);
  return json.length <= LONGEST_JSON ? json : gzipSync(json).toString('base64');
}

/** What stands in the text, not looked into yet. Throws where it is neither, or unpacks to more than a plan can be. */
export function decodePlan(text: string): unknown {
  if (text.startsWith('{')) return JSON.parse(text);
  const json = gunzipSync(Buffer.from(text, 'base64'), { maxOutputLength: LONGEST_UNPACKED });
  return JSON.parse(json.toString('utf8'));
}
