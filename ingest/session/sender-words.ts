import type { Words } from '../../core/errors.ts';

/** Who sent something, for messages to people; `device` is empty for the gateway itself. */
export function senderWords(gateway: string, device = ''): Words {
  if (device === '') return { en: `gateway ${gateway}`, zh: `网关 ${gateway}` };
  return { en: `device ${device} of gateway ${gateway}`, zh: `网关 ${gateway} 的设备 ${device}` };
}
