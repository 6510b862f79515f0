import { PassThrough, Writable } from 'node:stream';
import { expect, it } from '@jest/globals';
import { Output } from '../../lib/bin/output.ts';

const terminal = { write: (): void => {} };

it('results wait for a slow reader', async () => {
  const written: string[] = [];
  let takeNext!: () => void;
  const slow = new Writable({
    highWaterMark: 1,
    write(chunk: Buffer, _encoding, done) {
      written.push(chunk.toString());
      takeNext = done;
    },
  });
  let isWritten = false;

  const writing = new Output(slow, terminal, false).result({}, 'first').then(() => {
    isWritten = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect([written, isWritten]).toEqual([['first\n'], false]);

  takeNext();
  await writing;
  expect(isWritten).toBe(true);
});

it('the columns of a table are as wide as what is widest in them', async () => {
  const stdout = new PassThrough();
  const rows = [
    { name: 'a', count: 100_000 },
    { name: 'longer than its title', count: 1 },
  ];

  await new Output(stdout, terminal, false).table(rows, { NAME: ({ name }) => name, COUNT: ({ count }) => count });

  const lines = ['NAME                   COUNT', 'a                      100000', 'longer than its title  1', ''];
  expect(String(stdout.read()).split('\n')).toEqual(lines);
});
