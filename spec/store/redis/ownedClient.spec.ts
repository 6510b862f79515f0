import { expect, it } from '@jest/globals';
import { ConfigError } from 'neardict';
import { makeFirst } from '../../../lib/store/redis/ownedClient.ts';

it.each([
  [new TypeError('no s3cret'), 'TypeError'],
  ['s3cret', 'unknown error'],
])('options that the package refuses are told of without what may stand in them: %p', (reason, name) => {
  const make = (): void => {
    makeFirst(() => {
      throw reason;
    });
  };

  expect(make).toThrow(ConfigError);
  expect(make).toThrow(`refused the options: ${name}.`);
  expect(make).toThrow(expect.not.objectContaining({ cause: expect.anything() }));
});
