import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { PNG } from 'pngjs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encoderDir, startServer, type TestServer } from './serving.ts';

const digitsDir = fileURLToPath(new URL('../models/image-digits', import.meta.url));
const fixture = (name: string): Buffer =>
  readFileSync(fileURLToPath(new URL(`fixtures/images/${name}`, import.meta.url)));

let server: TestServer;
beforeAll(async () => {
  const models = ['--model', `digits=${digitsDir}`, '--model', `e=${encoderDir}`];
  server = await startServer({ args: [...models, '--executors', '1', '--max-upload', '3000000'] });
});
afterAll(() => server?.stop());

interface Answer {
  readonly label: string;
  readonly score: number;
  readonly scores: Readonly<Record<string, number>>;
  readonly model: string;
  readonly image: { readonly format: string; readonly width: number; readonly height: number };
}

interface Trace {
  readonly status: number;
  readonly fn_name: string;
  readonly model: string | null;
  readonly error_type: string | null;
  readonly phases: readonly { readonly name: string; readonly duration_ms: number }[];
}

const path = '/apps/image';
const send = (body: NonNullable<RequestInit['body']>, type?: string, query = ''): Promise<Response> =>
  fetch(`${server.url}${path}${query}`, {
    method: 'POST',
    body,
    ...(type === undefined ? {} : { headers: { 'content-type': type } }),
  });
const traceOf = (response: Response): Promise<Trace> =>
  server.get<Trace>(`/profiling/traces/${response.headers.get('x-event-id')}`);

interface HeldOut {
  readonly digit: number;
  /** 64 signs, brightness 0 to 16 each. */
  readonly pixels: string;
}
const heldOut = JSON.parse(
  readFileSync(fileURLToPath(new URL('../../../tools/train/data/digits-test.json', import.meta.url)), 'utf8'),
) as readonly HeldOut[];

/** A held-out digit, enlarged, as PNG. */
function pngOf({ pixels }: HeldOut, { side = 8, isDark = false } = {}): Buffer {
  const png = new PNG({ width: side, height: side, colorType: 0 });
  for (let at = 0; at < side * side; at++) {
    const [x, y] = [at % side, Math.floor(at / side)].map((place) => Math.floor((place * 8) / side)) as [
      number,
      number,
    ];
    const bright = Math.round((Number.parseInt(pixels[8 * y + x] as string, 17) * 255) / 16);
    png.data.fill(isDark ? 255 - bright : bright, 4 * at, 4 * at + 3);
    png.data[4 * at + 3] = 255;
  }
  return PNG.sync.write(png);
}

describe('reads digits that it was not trained on', () => {
  test.each([
    { what: 'as they are', how: {}, least: 0.98 },
    { what: 'large, dark on bright', how: { side: 120, isDark: true }, least: 0.98 },
  ])('$what', { timeout: 120_000 }, async ({ how, least }) => {
    let right = 0;
    for (let at = 0; at < heldOut.length; at += 25) {
      const part = heldOut.slice(at, at + 25);
      const answers = await Promise.all(
        part.map(async (one) => (await (await send(pngOf(one, how), 'image/png')).json()) as Answer),
      );
      right += answers.filter(({ label }, index) => label === String(part[index]?.digit)).length;
    }
    expect(right / heldOut.length).toBeGreaterThanOrEqual(least);
  });
});

describe('an image may come', () => {
  const digit = heldOut.find((one) => one.digit === 7) as HeldOut;
  const png = pngOf(digit, { side: 64 });
  let expected: Answer;
  beforeAll(async () => {
    expected = (await (await send(png, 'image/png')).json()) as Answer;
  });

  test('as a body; the answer says what it is, how sure that is, and of what', async () => {
    expect(expected).toMatchObject({
      label: '7',
      model: 'digits',
      image: { format: 'png', width: 64, height: 64 },
    });
    expect(Object.keys(expected.scores)).toHaveLength(10);
    expect(expected.score).toBe(expected.scores['7']);
    expect(Object.values(expected.scores).reduce((sum, score) => sum + score)).toBeCloseTo(1, 5);
  });

  test.each(['application/octet-stream', 'image/jpeg'])(
    'as a body called %s: its first bytes say what it is',
    async (type) => {
      expect(await (await send(png, type)).json()).toEqual(expected);
    },
  );

  test('as a part of a form', async () => {
    const form = new FormData();
    form.set('image', new Blob([png], { type: 'image/png' }), 'seven.png');
    expect(await (await send(form)).json()).toEqual(expected);
  });

  test('as base64 within JSON, and as a data URL', async () => {
    const text = png.toString('base64');
    for (const image of [text, `data:image/png;base64,${text}`, text.replaceAll('=', '')])
      expect(await (await server.post(path, { image, model: 'digits' })).json()).toEqual(expected);
  });

  test('as JPEG, turned by its EXIF', async () => {
    const upright = (await (await send(fixture('orientation-1.jpg'))).json()) as Answer;
    const turned = (await (await send(fixture('orientation-6.jpg'))).json()) as Answer;
    expect(turned.label).toBe(upright.label);
    expect(turned.score).toBeCloseTo(upright.score, 1);
    expect(turned.image).toEqual({ format: 'jpeg', width: 36, height: 48 });
  });

  test('its trace shows decoding, the run and the batch', async () => {
    const response = await send(png, 'image/png');
    const trace = await traceOf(response);
    expect(trace).toMatchObject({ status: 200, fn_name: path, model: 'digits', batch: { size: 1 } });
    const names = trace.phases.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['admission', 'queue', 'preprocess', 'run']));
  });
});

describe('is refused before anything is queued', () => {
  const json = (body: unknown): [string, string] => [JSON.stringify(body), 'application/json'];
  const huge = fixture('rgb.png');
  const giant = Buffer.from(huge);
  giant.writeUInt32BE(1_000_000, 16);
  const png = pngOf(heldOut[0] as HeldOut);

  test.each<
    [
      what: string,
      body: NonNullable<RequestInit['body']>,
      type: string | undefined,
      status: number,
      says: RegExp,
    ]
  >([
    ['a PNG that is cut off', huge.subarray(0, 100), 'image/png', 400, /`image`: the PNG is cut off/],
    [
      'a JPEG that is cut off',
      fixture('baseline.jpg').subarray(0, 900),
      'image/jpeg',
      400,
      /the JPEG is cut off/,
    ],
    ['giant dimensions', giant, 'image/png', 400, /1000000 × 36, expected at most \d+ pixels/],
    ['a GIF', fixture('other.gif'), 'image/gif', 400, /expected a PNG or JPEG image, got a GIF/],
    ['a WebP', fixture('other.webp'), 'image/webp', 400, /got a WebP/],
    ['CMYK', fixture('cmyk.jpg'), 'image/jpeg', 400, /is CMYK/],
    ['text', 'hello', 'text/plain', 415, /content type text\/plain, expected image\/png/],
    ['no body', '', 'image/png', 400, /expected a file/],
    ['too many bytes', Buffer.alloc(3_000_001), 'image/png', 413, /over the limit of 3000000 bytes/],
    ['no base64', ...json({ image: '&&&' }), 400, /`image`: expected an image in base64/],
    ['base64 of no image', ...json({ image: 'aGVsbG8=' }), 400, /`image`: expected a PNG or JPEG image/],
    ['no image', ...json({}), 400, /`image`: expected an image in base64, got missing/],
    ['an image of a wrong type', ...json({ image: [1] }), 400, /`image`.*got an array/],
    ['broken JSON', '{', 'application/json', 400, /not valid JSON/],
    ['an unknown model', ...json({ image: png.toString('base64'), model: 'x' }), 404, /"x" does not exist/],
    [
      'a model of texts',
      ...json({ image: png.toString('base64'), model: 'e' }),
      400,
      /"e" is not one that reads images, expected one of digits/,
    ],
  ])('%s', async (_what, body, type, status, says) => {
    const response = await send(body, type);
    expect(response.status).toBe(status);
    const { error } = (await response.json()) as { error: { message: string; param: string | null } };
    expect(
      error.param === null ? error.message : `\`${error.param}\`: ${error.message.replace(/^`\w+`: /, '')}`,
    ).toMatch(says);
    const { phases, error_type } = await traceOf(response);
    expect(error_type).toMatch(/^[a-z_]+$/);
    expect(phases.map(({ name }) => name).filter((name) => name === 'queue' || name === 'run')).toEqual([]);
  });

  test('what only decoding shows never reaches the model', async () => {
    const damaged = fixture('rgb.png');
    damaged[60] = (damaged[60] as number) ^ 0xff;
    const response = await send(damaged, 'image/png');
    expect(response.status).toBe(400);
    const { error } = (await response.json()) as { error: { message: string; param: string; code: string } };
    expect(error).toMatchObject({
      param: 'image',
      code: 'invalid_value',
      message: expect.stringMatching(/the PNG cannot be decoded/),
    });
    const { phases } = await traceOf(response);
    expect(phases.find(({ name }) => name === 'run')?.duration_ms ?? 0).toBe(0);
  });

  test('one bad image fails alone among others that come with it', async () => {
    const damaged = fixture('rgb.png');
    damaged[60] = (damaged[60] as number) ^ 0xff;
    const statuses = await Promise.all(
      Array.from(
        { length: 24 },
        async (_, index) => (await send(index % 4 === 3 ? damaged : png, 'image/png')).status,
      ),
    );
    expect(statuses).toEqual(Array.from({ length: 24 }, (_, index) => (index % 4 === 3 ? 400 : 200)));
  });
});

test('decoding a large image does not hold up other requests', { timeout: 60_000 }, async () => {
  const side = 4000;
  const large = PNG.sync.write(new PNG({ width: side, height: side, colorType: 0 }), { deflateLevel: 1 });
  expect(large.length).toBeLessThan(3_000_000);
  const started = performance.now();
  let decoded: number | undefined;
  const image = send(large, 'image/png').then(async (response) => {
    expect(response.status).toBe(200);
    await response.json();
    decoded = performance.now() - started;
  });
  const echoes: number[] = [];
  while (decoded === undefined) {
    const from = performance.now();
    await (await server.post('/apps/echo_text', { text: 'x' })).json();
    echoes.push(performance.now() - from);
  }
  await image;
  const middle = echoes.sort((a, b) => a - b)[Math.floor(echoes.length / 2)] as number;
  expect(echoes.length).toBeGreaterThan(5);
  expect(middle).toBeLessThan(decoded / 5);
});

test('it still answers, and nothing was printed as a failure of the server', async () => {
  expect((await send(pngOf(heldOut[0] as HeldOut), 'image/png')).status).toBe(200);
  expect(server.process.stderr()).not.toMatch(/unhandled|uncaught|"level":50/i);
});
