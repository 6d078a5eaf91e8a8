import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { maxPixels, readHeader } from '../src/http/apps/image/header.ts';
import { postprocess, preprocess } from '../src/http/apps/image/image-hooks.ts';

const dir = join(import.meta.dirname, 'fixtures/images');
const read = (name: string): Uint8Array => readFileSync(join(dir, name));
const expected = JSON.parse(readFileSync(join(dir, 'expected.json'), 'utf8')) as number[][];

const model = {
  inputs: [{ name: 'image', type: 'float32', shape: ['batch', 1, 16, 16] }],
  outputs: [{ name: 'scores', type: 'float32', shape: ['batch', 10] }],
};

/** What the model gets of an image, brightness 0 to 255, shape [16, 16]. */
function seen(bytes: Uint8Array): number[][] {
  const { image } = preprocess({ bytes }, model);
  expect(image).toMatchObject({ type: 'float32', dims: [1, 1, 16, 16] });
  const data = Array.from(image?.data as Float32Array, (value) => value * 255);
  return Array.from({ length: 16 }, (_, y) => data.slice(16 * y, 16 * y + 16));
}

/** Largest difference from the scene, in the middle of its square. */
function worst(square: number[][]): number {
  return Math.max(
    ...expected
      .flatMap((row, y) => row.map((value, x) => Math.abs((square[y + 2] as number[])[x] as number) - value))
      .map(Math.abs),
  );
}

const chunk = (type: string, data: Uint8Array): Buffer => {
  const body = Buffer.concat([Buffer.from(type), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
};
const png = (width: number, height: number, pixels: Uint8Array, interlaced = false): Buffer => {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 0, 0, 0, interlaced ? 1 : 0], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([
    signature,
    chunk('IHDR', head),
    chunk('IDAT', deflateSync(pixels)),
    chunk('IEND', new Uint8Array()),
  ]);
};

describe('an image of every kind is seen as Pillow sees it', () => {
  test.each([
    ['rgb.png', 1.5],
    ['grey.png', 1.5],
    ['palette.png', 3],
    ['palette-2-bits.png', 10],
    ['rgb-16-bits.png', 1.5],
    ['grey-16-bits.png', 1.5],
    ['interlaced.png', 1.5],
    ['orientation-6.png', 1.5],
    ['baseline.jpg', 4],
    ['halved-colors.jpg', 8],
    ['progressive.jpg', 8],
    ['restarts.jpg', 8],
    ['rgb-components.jpg', 4],
    ['grey.jpg', 4],
    ...Array.from({ length: 8 }, (_, i) => [`orientation-${i + 1}.jpg`, 4] as const),
  ] as const)('%s', (name, tolerance) => {
    expect(worst(seen(read(name)))).toBeLessThan(tolerance);
  });

  test.each(['alpha.png', 'grey-alpha.png'])('%s: what can be seen through is white', (name) => {
    const square = seen(read(name));
    // 4 of 48 columns: the first and a third of the second.
    for (const row of square.slice(2, 14)) expect(row[0]).toBeCloseTo(255, 0);
    expect((square[3] as number[])[2]).toBeLessThan(120);
  });

  test('palette-transparent.png, bilevel.png: the scene, but for what they cannot show', () => {
    const transparent = seen(read('palette-transparent.png'));
    const opaque = seen(read('palette.png'));
    // The background can be seen through.
    expect((opaque[2] as number[])[0]).toBeCloseTo(230, 0);
    expect((transparent[2] as number[])[0]).toBeCloseTo(255, 0);
    expect(transparent[4]?.[3]).toBeCloseTo(opaque[4]?.[3] as number, 0);
    const bilevel = seen(read('bilevel.png'));
    const ink = expected.flatMap((row, y) =>
      row.map((value, x) => [value, (bilevel[y + 2] as number[])[x] as number]),
    );
    for (const [value = 0, got] of ink) if (value < 25) expect(got).toBe(0);
  });

  test('the square goes on as the border is', () => {
    const square = seen(read('rgb.png'));
    for (const y of [0, 1, 14, 15])
      for (const value of square[y] as number[]) expect(Math.abs(value - 230)).toBeLessThan(5);
  });
});

describe('what cannot be decoded is the sender’s to change', () => {
  const refused = (bytes: Uint8Array): string => {
    try {
      preprocess({ bytes }, model);
    } catch (error) {
      expect(error).toMatchObject({ code: 'INVALID_INPUT', field: 'image' });
      return (error as Error).message;
    }
    throw new Error('it was decoded');
  };

  test.each([
    ['other.gif', /expected a PNG or JPEG image, got a GIF/],
    ['other.webp', /got a WebP/],
    ['other.bmp', /got a BMP/],
    ['make_images.py', /got something else/],
    ['cmyk.jpg', /is CMYK, expected grey or RGB/],
  ])('%s', (name, says) => {
    expect(refused(read(name))).toMatch(says);
  });

  test('an image that is cut off, wherever', () => {
    for (const name of ['rgb.png', 'interlaced.png', 'baseline.jpg', 'progressive.jpg', 'grey.jpg']) {
      const bytes = read(name);
      for (let length = 0; length < bytes.length - 1; length += 7) {
        expect(refused(bytes.subarray(0, length)), `${name} at ${length}`).toMatch(
          /cut off|got nothing|got something else/,
        );
      }
    }
  });

  test('a PNG with any byte changed is refused, or is the same', () => {
    const bytes = read('rgb.png');
    const before = seen(bytes);
    for (let at = 0; at < bytes.length; at++) {
      const changed = Uint8Array.from(bytes);
      changed[at] = (changed[at] as number) ^ 0x5a;
      try {
        expect(seen(changed)).toEqual(before);
      } catch (error) {
        expect(error).toMatchObject({ code: 'INVALID_INPUT' });
      }
    }
  });

  test('a JPEG with any byte changed is refused, or gives a square of numbers', () => {
    for (const name of ['baseline.jpg', 'progressive.jpg', 'halved-colors.jpg']) {
      const bytes = read(name);
      let refusals = 0;
      for (let at = 0; at < bytes.length; at += 5) {
        const changed = Uint8Array.from(bytes);
        changed[at] = (changed[at] as number) ^ 0x7f;
        try {
          expect(seen(changed).flat().every(Number.isFinite)).toBe(true);
        } catch (error) {
          expect(error).toMatchObject({ code: 'INVALID_INPUT' });
          refusals++;
        }
      }
      expect(refusals).toBeGreaterThan(5);
    }
  });

  test('giant dimensions are refused by the head alone', () => {
    const started = performance.now();
    expect(refused(png(100_000, 100_000, new Uint8Array(10)))).toMatch(
      /100000 × 100000, expected at most \d+ pixels/,
    );
    expect(refused(png(0, 5, new Uint8Array(10)))).toMatch(/0 × 5, expected some pixels/);
    const jpeg = Uint8Array.from(read('baseline.jpg'));
    const frame = jpeg.findIndex((byte, at) => byte === 0xff && jpeg[at + 1] === 0xc0);
    jpeg.set([0xff, 0xff, 0xff, 0xff], frame + 5);
    expect(refused(jpeg)).toMatch(/65535 × 65535/);
    expect(performance.now() - started).toBeLessThan(1000);
  });

  test('pixels that unpack to more than the head says are not unpacked', () => {
    const bomb = new Uint8Array(60_000_000);
    for (const interlaced of [false, true]) {
      const bytes = png(8, 8, bomb, interlaced);
      const before = process.memoryUsage.rss();
      expect(refused(bytes)).toMatch(/cannot be decoded/);
      expect(process.memoryUsage.rss() - before).toBeLessThan(40_000_000);
    }
  });

  test('a PNG with fewer pixels than its head says', () => {
    expect(refused(png(64, 64, new Uint8Array(100)))).toMatch(
      /cannot be decoded: it has 100 of 4160 bytes of pixels/,
    );
  });

  test('a JPEG of endless passes over its pixels', () => {
    const bytes = read('progressive.jpg');
    const scan = bytes.findIndex((byte, at) => byte === 0xff && bytes[at + 1] === 0xda);
    const end = bytes.findIndex((byte, at) => at > scan && byte === 0xff && bytes[at + 1] === 0xc4);
    const passes = Array(1000).fill(bytes.subarray(scan, end));
    expect(refused(Buffer.concat([bytes.subarray(0, scan), ...passes, bytes.subarray(end)]))).toMatch(
      /scans, expected at most 64/,
    );
  });

  test('the largest image that is taken is decoded', () => {
    const side = Math.sqrt(maxPixels);
    const bytes = png(side, side, new Uint8Array((side + 1) * side));
    expect(readHeader(bytes)).toMatchObject({ width: side, height: side });
    expect(seen(bytes)).toEqual(Array(16).fill(Array(16).fill(0)));
  });
});

test('all fixtures are looked at by a test', () => {
  const text = readFileSync(import.meta.filename, 'utf8');
  const names = globSync('*.{png,jpg,gif,webp,bmp}', { cwd: dir }).filter(
    (name) => !/^orientation-\d\.jpg$/.test(name),
  );
  for (const name of names) expect(text).toContain(name);
});

test('one pixel, one row and one column are images too', () => {
  for (const [width, height] of [
    [1, 1],
    [1, 500],
    [500, 1],
    [3, 2],
  ] as const) {
    const square = seen(png(width, height, Buffer.alloc((width + 1) * height, 0)));
    expect(square.flat().every((value) => value === 0)).toBe(true);
  }
});

test('postprocess gives the probabilities; a model of another form is the server’s fault', () => {
  const scores = { type: 'float32', dims: [1, 2], data: Float32Array.of(0.25, 0.75) } as const;
  expect(postprocess({ scores })).toEqual({ scores: [0.25, 0.75] });
  const other = { ...model, inputs: [{ name: 'ids', type: 'int64', shape: ['batch', 8] }] };
  expect(() => preprocess({ bytes: read('rgb.png') }, other)).toThrow(
    /expected a model of one input.*ids int64 \[batch, 8\]/,
  );
});
