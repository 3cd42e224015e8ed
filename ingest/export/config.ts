import { type Static, Type } from 'typebox';

export const ExportConfig = Type.Object(
  {
    maxConcurrent: Type.Integer({
      minimum: 1,
      maximum: 64,
      default: 2,
      description:
        'Exports at the same time, each with a thread of its own and up to 150 MB; one more is answered EXPORTS_BUSY',
    }),
  },
  { additionalProperties: false, default: {} },
);
export type ExportConfig = Static<typeof ExportConfig>;
