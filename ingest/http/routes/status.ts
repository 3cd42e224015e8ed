import { readFileSync } from 'node:fs';
import { Type } from 'typebox';
import { seesSite } from '../../../core/access.ts';
import type { Route } from '../app.ts';
import { whoAsks } from '../identity.ts';
import { languageOf } from '../language-of.ts';
import { commonErrors, NoQuery, TimeMs } from '../schemas.ts';
import { HealthReply, healthOf } from './health.ts';

const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

const Count = (description: string) => Type.Number({ description });

const StatusReply = Type.Object({
  version: Type.String({ description: 'Of Sluice.' }),
  node: Type.String({ description: 'Of Node.js, that it runs on.' }),
  nowMs: TimeMs,
  startedMs: Type.Number({ description: 'When this process started, UTC in milliseconds.' }),
  health: HealthReply,
  counters: Type.Object(
    {
      received: Count('stored + rejected + dropped + inFlight'),
      stored: Count('In the store.'),
      rejected: Count('Refused for good; they are among the dead letters.'),
      dropped: Count('Given up for want of room.'),
      inFlight: Count('On their way to the store.'),
      repeated: Count('Known already; not in received.'),
      deferred: Count('Put off for want of room; their gateways send them again. Not in received.'),
    },
    { description: 'Readings since this process started, of the sites that whoever asks sees.' },
  ),
  disk: Type.Optional(
    Type.Object(
      { freeBytes: Type.Number(), totalBytes: Type.Number() },
      { description: 'Of the disk that holds the data folder; absent where the system does not tell.' },
    ),
  ),
  upkeep: Type.Optional(
    Type.Object(
      {
        rolledUpHours: Count('Hours rolled up since the start.'),
        waitingHours: Count('Hours that have ended and wait for it.'),
        expired: Type.Object({ readings: Type.Number(), minutes: Type.Number(), hours: Type.Number() }),
      },
      { description: 'Roll-ups and retention, of a store that has them.' },
    ),
  ),
});

const NOTHING = { received: 0, stored: 0, rejected: 0, dropped: 0, inFlight: 0, repeated: 0, deferred: 0 };

/** What a person wants to know of the whole; the single figures are at /metrics. */
export const statusRoute: Route = (app, { sources, clock }) => {
  app.get(
    '/api/v1/status',
    {
      schema: {
        operationId: 'getStatus',
        summary: 'Components, version, readings counted, room on the disk, roll-ups',
        description: 'Answers also where `GET /api/health` says 503: it is for people.',
        querystring: NoQuery,
        response: { 200: StatusReply, ...commonErrors },
      },
    },
    async (request) => {
      const identity = whoAsks(request);
      const counters = { ...NOTHING };
      for (const one of sources.counters()) {
        if (!seesSite(identity, one.site)) continue;
        for (const name of Object.keys(NOTHING) as (keyof typeof NOTHING)[]) counters[name] += one[name];
      }
      const [disk, upkeep, nowMs] = [await sources.room?.(), sources.upkeep?.(), clock.nowMs()];
      return {
        ...{ version, node: process.versions.node, nowMs, counters },
        health: healthOf(sources, languageOf(request.headers['accept-language'])),
        startedMs: Math.round(nowMs - process.uptime() * 1_000),
        ...(disk && { disk }),
        ...(upkeep && { upkeep: { ...upkeep, expired: { ...upkeep.expired } } }),
      };
    },
  );
};
