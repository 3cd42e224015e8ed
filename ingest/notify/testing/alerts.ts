import type { Contact, ContactWish } from '../../../core/alerts/contact.ts';
import type { AlertEvent, AlertMember } from '../../alerts/alert-event.ts';

export function gatewayAlert(id: string, more: Partial<AlertEvent> = {}): AlertEvent {
  const words = { en: `Gateway farm/${id} is silent.`, zh: `网关 farm/${id} 失联。` };
  const member: AlertMember = {
    ...{ key: `silent:farm/${id}`, kind: 'silent', subject: `farm/${id}`, severity: 'warning' },
    ...{ sinceMs: 0, words },
  };
  return {
    ...{ id, key: `gateway:farm/${id}`, kind: 'gateway', subject: `farm/${id}`, severity: 'warning' },
    ...{ sinceMs: 0, raisedMs: 0, words, causing: [member], silent: [] },
    timeline: [{ timeMs: 0, step: 'raised', words }],
    ...{ timelineLeftOut: 0, ...more },
  };
}

export function contactWish(more: Partial<ContactWish> = {}): ContactWish {
  return {
    ...{ name: 'Li', language: 'zh', ways: [{ kind: 'mail', to: 'li@farm.example' }] },
    ...{ severities: ['critical', 'warning'], sites: 'all', links: 'all', ...more },
  };
}

export function contact(id: string, more: Partial<ContactWish> = {}): Contact {
  return { ...contactWish({ name: id, ...more }), id, version: 1, setBy: 'tester', setMs: 0 };
}
