import { randomUUID } from 'node:crypto';
import { SluiceError, type Words } from '../../core/errors.ts';
import type { EventReason, GatewayEvent } from '../../core/gateway-event.ts';
import { careAnswer } from './care-answer.ts';
import type { Leftovers } from './config-versions.ts';

type ConditionEvent = Extract<GatewayEvent, { kind: 'condition' }>;
type CareEvent = Extract<GatewayEvent, { kind: 'care' }>;

const CUT_SHORT: Words = {
  en: 'the gateway went down while a new configuration was being tried; the earlier one runs again',
  zh: '网关在试用新配置期间停止，现已恢复使用之前的配置',
};
const BASE_CHANGED: Words = {
  en: 'the settings file at the gateway was edited; it runs, and the configuration given over the network does not',
  zh: '网关本地的设置文件已被修改，现以该文件为准，不再使用远程下发的配置',
};
const UNREADABLE: Words = {
  en: 'the record of configurations given over the network cannot be read; the settings file at the gateway runs',
  zh: '无法读取远程下发配置的记录，现使用网关本地的设置文件',
};

/** What is to be told of what the last run left behind; each request in it gets its answer. */
export function leftoverEvents(
  { cutShort, isBaseChanged, isUnreadable, unanswered }: Leftovers,
  trialS: number,
  timeMs: number,
): (ConditionEvent | CareEvent)[] {
  const conditions = [
    ...(cutShort === undefined ? [] : [CUT_SHORT]),
    ...(isBaseChanged ? [BASE_CHANGED] : []),
    ...(isUnreadable ? [UNREADABLE] : []),
  ].map((reason) => rolledBackEvent(reason, timeMs));
  const answers = unanswered.map((asked) => {
    const error =
      asked.id === cutShort
        ? new SluiceError('CARE_TRIAL_FAILED', { trialS, reason: CUT_SHORT })
        : new SluiceError('CARE_CUT_SHORT');
    return careAnswer(asked, timeMs, { error });
  });
  return [...conditions, ...answers];
}

export function rolledBackEvent(reason: EventReason, timeMs: number): ConditionEvent {
  return {
    id: randomUUID(),
    timeMs,
    kind: 'condition',
    condition: 'config-rolled-back',
    isRaised: true,
    reason,
  };
}
