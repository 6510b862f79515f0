import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type NearDict, openDict } from 'neardict';
import { redisStore } from 'neardict/redis';
import { type RedisServer, startRedis } from '../support/redisServer.ts';
import { runCli } from '../support/runCli.ts';
import { until } from '../support/until.ts';

/** A command line of the page, and the lines that it is said to print. */
interface Example {
  readonly line: string;
  readonly printed: readonly string[];
}

async function examples(): Promise<readonly Example[]> {
  const page = await readFile(join(import.meta.dirname, '../../docs/cli.md'), 'utf8');
  const blocks = [...page.matchAll(/^```console\n(.*?)^```/gms)].map(([, block = '']) => block);
  return blocks.flatMap((block) =>
    block.split(/^\$ /m).flatMap((text) => {
      const [line = '', ...printed] = text.trimEnd().split('\n');
      return line === '' ? [] : [{ line, printed }];
    }),
  );
}

describe('the examples of docs/cli.md', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(async () => {
    await server.stop();
  });

  /** Runs what a shell would: commands in a pipe, with words in single quotes. */
  async function run(line: string): Promise<string> {
    let piped = '';
    let printed = '';
    for (const part of line.split(' | ')) {
      const words = [...part.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
      if (words[0] === 'echo') {
        piped = `${words.slice(1).join(' ')}\n`;
        continue;
      }
      expect(words.slice(0, 2)).toEqual(['npx', 'neardict']);
      const args = words.slice(2).map((word) => (word === 'redis://localhost:…' ? server.url : word));
      const { stdout, stderr } = await runCli(server.url, args, piped);
      printed += stderr;
      piped = stdout;
    }
    return printed + piped;
  }

  /** Stands for the program of the reader. */
  async function openSettings(): Promise<NearDict> {
    const settings = await openDict({ namespace: 'settings', store: redisStore({ url: server.url }) });
    for (let count = 0; count < 4; count++) await settings.get('theme');
    await until('it answers', async () =>
      (await runCli(server.url, ['peers', '-n', 'settings'])).stdout.includes('75.0'),
    );
    return settings;
  }

  it('print what the page says', async () => {
    let settings: NearDict | undefined;
    for (const { line, printed } of await examples()) {
      if (line.startsWith('npx neardict peers')) settings = await openSettings();
      const lines = (await run(line)).trimEnd().split('\n').map(narrow);

      expect({ line, count: lines.length }).toEqual({ line, count: printed.length });
      for (const each of printed) {
        const pattern = narrow(each)
          .split('…')
          .map((text) => text.replace(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`));
        expect({ line, lines }).toEqual({
          line,
          lines: expect.arrayContaining([expect.stringMatching(new RegExp(`^${pattern.join('.*')}$`))]),
        });
      }
    }
    await settings?.close();
  });

  it('have a section for every command', async () => {
    const page = await readFile(join(import.meta.dirname, '../../docs/cli.md'), 'utf8');
    const { stdout } = await runCli(server.url, ['--help']);
    const names = [...stdout.matchAll(/^neardict (\w+)/gm)].map(([, name = '']) => name);

    const headings = [...page.matchAll(/^## (.*)$/gm)].flatMap(([, heading = '']) => heading.split(' and '));
    expect(names.toSorted()).toEqual(headings.toSorted());
  });
});

/** How wide a column is depends on what stands in it. */
function narrow(line: string): string {
  return line.replace(/ +/g, ' ');
}
