import { expect, it } from 'vitest';
import type { Contact } from '../../../../../core/alerts/contact.ts';
import { draftOfContact, wishOfContact } from './contact-draft.ts';

const LI: Contact = {
  ...{ id: 'li', name: '李明', language: 'zh', severities: ['critical'], sites: ['farm'], links: [] },
  ways: [
    { kind: 'sms', to: '+8613800000000' },
    { kind: 'webhook', to: 'https://example.org/hook', secret: 'main' },
    { kind: 'mqtt' },
  ],
  quiet: { from: '22:00', to: '06:00', zone: 'Asia/Shanghai', exceptCritical: true },
  ...{ escalateTo: 'wang', escalateAfterS: 900, version: 3, setBy: 'admin', setMs: 0 },
};

it('comes out of the form as it went in', () => {
  const { id: _id, version: _version, setBy: _setBy, setMs: _setMs, ...wish } = LI;
  expect(wishOfContact(draftOfContact(LI, 'UTC'))).toEqual(wish);
  const { quiet: _quiet, escalateTo: _to, escalateAfterS: _after, ...plain } = wish;
  expect(
    wishOfContact(draftOfContact({ ...plain, id: 'li', version: 1, setBy: 'x', setMs: 0 }, 'UTC')),
  ).toEqual(plain);
});
