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

  it('loads native code, if there is any, only for a dictionary that uses it', async () => {
    const isNative = "(await import('msgpackr/pack')).isNativeAccelerationEnabled";

    expect(await shown(isNative)).toBe('false\n');
    expect(await shown(isNative, "await openDict({ namespace: 'a', codec: 'json' });")).toBe('false\n');
    expect(await shown(isNative, "await openDict({ namespace: 'a' });")).toBe(
      await shown(isNative, "await import('msgpackr');"),
    );
  });
});
