import { expect, it } from 'vitest';
import { Acknowledgements } from './acknowledgements.ts';

it('goes as far as everything before is settled, and says so once', () => {
  const acknowledgements = new Acknowledgements();
  expect(acknowledgements.take()).toBeUndefined();
  acknowledgements.settle(2);
  acknowledgements.settle(3);
  expect(acknowledgements.take()).toBeUndefined();
  acknowledgements.settle(1);
  expect(acknowledgements.take()).toBe(3);
  expect(acknowledgements.take()).toBeUndefined();
  acknowledgements.settle(5);
  expect(acknowledgements.take()).toBeUndefined();
  acknowledgements.settle(4);
  expect(acknowledgements.take()).toBe(5);
});
