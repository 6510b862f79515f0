import { describe, expect, it } from '@jest/globals';
import { Progress } from '../../lib/bin/progress.ts';

describe('the progress of a command', () => {
  function drawnOn(isTTY: boolean): readonly string[] {
    const written: string[] = [];
    let now = 0;
    const progress = new Progress({ isTTY, write: (text) => written.push(text) }, () => now);
    for (const [count, share, at] of [
      [1, 0.1, 0],
      [500, 0.5, 50],
      [1000, 0.5, 100],
      [2000, undefined, 200],
    ] as const) {
      now = at;
      progress.show(count, share);
    }
    progress.end();
    return written;
  }

  it('is a line on a terminal that is drawn ten times a second at most, and taken away in the end', () => {
    const clear = '\r\u001b[K';

    expect(drawnOn(true)).toEqual([
      `${clear}[##                      ]  10 %  1 entries`,
      `${clear}[############            ]  50 %  1,000 entries`,
      `${clear}2,000 entries`,
      clear,
    ]);
  });

  it('is not shown anywhere else', () => {
    expect(drawnOn(false)).toEqual([]);
  });
});
