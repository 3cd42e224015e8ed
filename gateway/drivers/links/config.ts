import { type Static, Type } from 'typebox';
import { LOOP_CHOICES } from '../../../core/datagrams/create-datagram-loop.ts';
import { PlannedLink } from '../../../core/links/link-plan.ts';
import { namedId } from '../../profiles/device-parts.ts';
import { PlanBounds } from './plan-bounds.ts';

export const LinksConfig = Type.Object(
  {
    driver: Type.Literal('links'),
    id: namedId('Name, unique among the drivers'),
    links: Type.Array(PlannedLink, {
      maxItems: 5_000,
      default: [],
      description: 'What it probes of its own accord; the plan of a mesh takes their place when it comes',
    }),
    plan: Type.Object(PlanBounds.properties, {
      additionalProperties: false,
      default: {},
      description: 'What a plan of a mesh may have this agent do',
    }),
    recordS: Type.Integer({
      minimum: 1,
      maximum: 300,
      default: 60,
      description: 'Seconds of one record of evidence; divides an hour',
    }),
    loop: Type.Enum([...LOOP_CHOICES], {
      default: 'auto',
      description:
        'kernel: a thread that waits in the kernel, which also takes the time of arrivals (Linux); dgram: on timers of Node, on any platform; auto: kernel where it is to be had',
    }),
  },
  { additionalProperties: false },
);

export type LinksConfig = Static<typeof LinksConfig>;
