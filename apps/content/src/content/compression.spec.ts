import { describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { bodySize, decodeBody, encodeBody, placeBody, SHARE_FROM_BYTES } from './body-placement.js';
import { COMPRESS_FROM_BYTES, DamagedBytes, pack, unpack } from './compression.js';

const wordy = (size: number) =>
  Buffer.from('<p>penguins on ice</p>'.repeat(size)).subarray(0, size);

describe('compression', () => {
  it.each([5_000, 100_000, 200_000])('gives %d bytes back, and keeps a tenth', async (size) => {
    const raw = wordy(size);
    const packed = await pack(raw);
    expect(packed.algorithm).toBe('zstd');
    expect(packed.bytes.length).toBeLessThan(raw.length * 0.9);
    expect(packed.rawSizeBytes).toBe(raw.length);
    expect(await unpack(packed.algorithm, packed.bytes)).toEqual(raw);
  });

  it('leaves random bytes as they are', async () => {
    const raw = randomBytes(50_000);
    expect(await pack(raw)).toEqual({ algorithm: 'none', bytes: raw, rawSizeBytes: raw.length });
  });

  it('leaves bytes that shrink by less than a tenth as they are', async () => {
    const raw = Buffer.concat([randomBytes(95_000), Buffer.alloc(5_000)]);
    expect((await pack(raw)).algorithm).toBe('none');
  });

  it('does not try below its threshold', async () => {
    expect((await pack(wordy(COMPRESS_FROM_BYTES - 1))).algorithm).toBe('none');
    expect((await pack(wordy(COMPRESS_FROM_BYTES))).algorithm).toBe('zstd');
  });

  it.each([
    ['cut', (bytes: Buffer) => bytes.subarray(0, bytes.length - 3)],
    ['not zstd at all', () => Buffer.from('nothing like a frame')],
  ])('says so when a frame is %s', async (_, damage) => {
    const { bytes } = await pack(wordy(5_000));
    await expect(unpack('zstd', damage(bytes))).rejects.toBeInstanceOf(DamagedBytes);
  });

  it('does not unpack a frame that claims more than any content may hold', async () => {
    const bomb = await pack(Buffer.alloc(65 * 1024 * 1024));
    expect(bomb.bytes.length).toBeLessThan(10_000);
    await expect(unpack('zstd', bomb.bytes)).rejects.toBeInstanceOf(DamagedBytes);
  });
});

describe('where a body lives', () => {
  it('inline when small, missing or empty', async () => {
    for (const body of [
      { text: 'short', html: null },
      { text: null, html: null },
      { text: '', html: '' },
    ]) {
      expect(await placeBody(body)).toEqual({ place: 'inline' });
    }
  });

  it('compressed in its row when middling', async () => {
    const body = { text: 'é'.repeat(3000), html: '' };
    const placed = await placeBody(body);
    if (placed.place !== 'row') throw new Error(placed.place);
    const raw = await unpack(placed.packed.algorithm, placed.packed.bytes);
    expect(decodeBody(raw)).toEqual(body);
  });

  it('a blob of its own when large, under the hash of its bytes', async () => {
    const body = { text: null, html: 'x'.repeat(SHARE_FROM_BYTES) };
    const placed = await placeBody(body);
    const again = await placeBody({ ...body });
    if (placed.place !== 'blob' || again.place !== 'blob') throw new Error(placed.place);
    expect(placed.hash).toBe(again.hash);
    expect(decodeBody(placed.raw)).toEqual(body);
  });

  it('counts bytes, not letters', () => {
    expect(bodySize({ text: 'é🐧', html: null })).toBe(6);
  });

  it.each(['{}', '[1,2]', '["a"]', 'no json', '["a","b","c"]'])('refuses %s as a body', (json) => {
    expect(() => decodeBody(Buffer.from(json))).toThrow(DamagedBytes);
    expect(decodeBody(encodeBody({ text: 'a', html: null }))).toEqual({ text: 'a', html: null });
  });
});
