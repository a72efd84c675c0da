// Encrypted exports: what comes back, and what is refused.
import { describe, expect, it } from 'vitest';
import { isSealed, seal, unseal } from '../../harness/web/gallery/sealed.js';
import { InputError } from '../../src/base/errors.js';

const plain = new TextEncoder().encode('{"format":"facet-gallery"}\n'.repeat(40));

async function refusal(work: Promise<unknown>): Promise<string> {
  const error = await work.catch((e: unknown) => e);
  expect(error).toBeInstanceOf(InputError);
  return (error as InputError).message;
}

describe('an encrypted export', () => {
  it('comes back with its passphrase, typed in any of Unicode’s forms, and shows nothing without', async () => {
    const sealed = await seal(plain, 'Schlüssel');
    expect(isSealed(sealed)).toBe(true);
    expect(isSealed(plain)).toBe(false);
    expect(new TextDecoder('latin1').decode(sealed)).not.toContain('facet-gallery"');
    expect(await unseal(sealed, 'Schlu\u0308ssel', 'a.sealed')).toEqual(plain);
    expect(await refusal(unseal(sealed, 'schlüssel', 'a.sealed'))).toMatch(
      /^a\.sealed: the passphrase is not/,
    );
    // A new salt and a new nonce each time.
    expect(await seal(plain, 'Schlüssel')).not.toEqual(sealed);
  });

  it('is refused where a bit has changed, in its first line too', async () => {
    const sealed = await seal(plain, 'x');
    const head = sealed.indexOf(10);
    for (const at of [head + 1, sealed.length - 1]) {
      const broken = sealed.slice();
      broken[at]! ^= 1;
      expect(await refusal(unseal(broken, 'x', 'f'))).toContain('damaged');
    }
    const rewritten = new TextEncoder().encode(
      new TextDecoder().decode(sealed.subarray(0, head)).replace('600000', '100001'),
    );
    const other = Uint8Array.from([...rewritten, ...sealed.subarray(head)]);
    expect(await refusal(unseal(other, 'x', 'f'))).toContain('damaged');
    expect(await refusal(unseal(sealed.slice(0, head + 8), 'x', 'f'))).toContain('damaged');
  });

  it('is refused with the rule where it is none', async () => {
    expect(await refusal(seal(plain, ''))).toBe('the passphrase must not be empty');
    expect(await refusal(unseal(plain, 'x', 'f'))).toContain('format');
    expect(await refusal(unseal(new Uint8Array(3), 'x', 'f'))).toContain('no JSON');
    const cheap = '{"format":"facet-gallery-sealed","version":1,"iterations":1,"salt":"","nonce":""}\n';
    expect(await refusal(unseal(new TextEncoder().encode(cheap), 'x', 'f'))).toContain('iterations');
  });
});
