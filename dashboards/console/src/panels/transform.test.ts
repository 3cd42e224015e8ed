import { expect, it } from 'vitest';
import type { Cell, Field, Frame } from './model.ts';
import { transformed } from './transform.ts';

const field = (name: string, values: Cell[]) =>
  ({ name, title: name, kind: 'value', values, labels: {}, config: {} }) as unknown as Field;

it('a matrix has rows and columns in one order, whichever answered first', () => {
  const frame: Frame = {
    refId: 'A',
    fields: [
      field('device', ['cq10', 'cq2', 'cq1']),
      field('point', ['cq2', 'cq1', 'cq10']),
      field('value', [1, 2, 0]),
    ],
  };
  const options = { rowField: 'device', columnField: 'point', valueField: 'value', emptyValue: 'null' };
  const [found] = transformed([frame], [{ id: 'groupingToMatrix', options }]);
  expect(found?.fields.map(({ name, values }) => [name, values])).toEqual([
    ['device\\point', ['cq1', 'cq2', 'cq10']],
    ['cq1', [null, 2, null]],
    ['cq2', [null, null, 1]],
    ['cq10', [0, null, null]],
  ]);
});
