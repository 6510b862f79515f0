import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type BuiltPackage, copyBuilt } from '../support/builtPackage.ts';

describe('a process that imports the package', () => {
  let built: BuiltPackage;
  beforeAll(async () => {
    built = await copyBuilt();
  });
  afterAll(async () => {
    await built.remove();
  });

  /** What `show` prints about a process that has imported the package and run `code`. */
  async function shown(show: string, code: string = ''): Promise<string> {
    const program = `import { openDict } from 'neardict'; ${code} console.log(${show});`;
    const { stdout, stderr } = await built.node(['--input-type=module', '-e', program]);
    return stdout + stderr;
  }

  it('does not load cryptography before it opens a dictionary', async () => {
    const isLoaded = "process.moduleLoadList.includes('NativeModule crypto')";

    expect(await shown(isLoaded)).toBe('false\n');
    expect(await shown(isLoaded, "await openDict({ namespace: 'a' });")).toBe('true\n');
  });

  it('loads native code, if there is any, only when much was read', async () => {
    const isNative = "(await import('msgpackr/pack')).isNativeAccelerationEnabled";
    const read = (kilobytes: number, waitMs: number): string => `
      const handle = await openDict({ namespace: 'a', cache: false, maxValueBytes: 2 ** 23 });
      await handle.set('a', 'x'.repeat(${kilobytes} * 1024));
      await handle.get('a');
      const deadline = performance.now() + ${waitMs};
      while (!${isNative} && performance.now() < deadline) await new Promise(setImmediate);`;

    expect(await shown(isNative)).toBe('false\n');
    expect(await shown(isNative, read(500, 100))).toBe('false\n');
    expect(await shown(isNative, read(2000, 10_000))).toBe(await shown(isNative, "await import('msgpackr');"));
  });
});
