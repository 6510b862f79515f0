import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { LastText } from '../../../lib/store/redis/lastText.ts';

describe('the names of channels', () => {
  it('are decoded alike whatever came before', () => {
    const name = fc.constantFrom('', 'a/update', 'a/delete', 'b/update', 'b/updates', 'é/update');
    fc.assert(
      fc.property(fc.array(name), (names) => {
        const last = new LastText();
        expect(names.map((each) => last.decode(Buffer.from(each)))).toEqual(names);
      }),
    );
  });

  it('may lie in memory that the client uses again', () => {
    const last = new LastText();
    const memory = Buffer.from('a/update');
    last.decode(memory);

    memory.write('b');

    expect(last.decode(memory)).toBe('b/update');
  });
});
