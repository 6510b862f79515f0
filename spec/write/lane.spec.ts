import { describe, expect, it } from '@jest/globals';
import { ClosedError } from '../../lib/errors.ts';
import { Lane, type Turn } from '../../lib/write/lane.ts';
import { turn } from '../support/openInMemory.ts';

describe('a lane', () => {
  const heard: string[] = [];
  const closed = new ClosedError('users');

  /** A turn that notes what becomes of it, and lasts until it is ended. */
  function named(name: string): Turn & { readonly end: () => void } {
    let end!: () => void;
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    return {
      end,
      run() {
        heard.push(name);
        return ended;
      },
      giveUp: (reason) => heard.push(`${name} ${reason.name}`),
    };
  }

  function open(...turns: readonly Turn[]): Lane {
    heard.length = 0;
    const lane = new Lane();
    for (const each of turns) lane.add(each);
    return lane;
  }

  it('gives turns one after the other, and one that is put first before all that wait', async () => {
    const [one, two, three] = [named('one'), named('two'), named('three')];
    const lane = open(one, two);
    await turn();
    lane.addFirst(three);
    await turn();
    expect(heard).toEqual(['one']);

    one.end();
    await turn();
    three.end();
    await turn();
    expect(heard).toEqual(['one', 'three', 'two']);
  });

  it('rests when nothing waits, and goes on with what comes then', async () => {
    const [one, two] = [named('one'), named('two')];
    const lane = open(one);
    await turn();
    one.end();
    await turn();
    lane.add(two);
    await turn();

    expect(heard).toEqual(['one', 'two']);
  });

  it('gives up each turn once when it is closed, and what comes later at once', async () => {
    const lane = open(named('under way'), named('waiting'));
    const reached = lane.reached();
    await turn();
    lane.close(closed);
    lane.close(new ClosedError('again'));
    lane.add(named('late'));
    lane.addFirst(named('later'));
    await turn();

    expect(heard).toEqual([
      'under way',
      'under way AmbiguousWriteError',
      'waiting ClosedError',
      'late ClosedError',
      'later ClosedError',
    ]);
    await Promise.all([reached, lane.reached()]);
  });
});
