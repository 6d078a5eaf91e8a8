import { cp, readdir, readFile, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { PHASES } from '@inferometer/core';
import { describeWithParts, launchChromium, tempDir } from '@inferometer/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { encoderDir, startServer, type TestServer } from './serving.ts';

type Browser = Awaited<ReturnType<typeof launchChromium>>;
type Page = Awaited<ReturnType<Browser['newPage']>>;

/** Every phase has its place on the page. */
const phaseCount = PHASES.length;

const sleepy = 'I could sleep all day';
const sleepyKorean = '오늘은 너무 졸려요';

/** Notes what the browser measures, from the first paint on. */
const watchPaints = `
  window.paints = { shift: 0, largestMs: 0, largest: '' };
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) window.paints.shift += entry.value;
  }).observe({ type: 'layout-shift', buffered: true });
  new PerformanceObserver((list) => {
    for (const { startTime, element } of list.getEntries()) {
      window.paints.largestMs = Math.round(startTime);
      window.paints.largest = element ? element.tagName + '.' + element.className : '';
    }
  }).observe({ type: 'largest-contentful-paint', buffered: true });
`;

/** Texts whose contrast to what is behind them is under AA's 4.5. */
const faintTexts = `(() => {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgba = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const luminance = (color) => {
    const [r, g, b] = color.map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const color = rgba(getComputedStyle(at).backgroundColor);
      if (color[3] === 255) return color;
    }
    return [255, 255, 255, 255];
  };
  return [...document.querySelectorAll('body *')]
    .filter((node) => node.checkVisibility() && (node.matches('input, textarea') ||
      [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim() !== '')))
    .filter((node) => !node.matches(':disabled'))
    .map((node) => {
      const [a, b] = [rgba(getComputedStyle(node).color), behind(node)].map(luminance);
      const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
      return { ratio, text: node.tagName + ': ' + node.textContent.trim().slice(0, 40) };
    })
    .filter(({ ratio }) => ratio < 4.5)
    .map(({ ratio, text }) => text + ' ' + ratio.toFixed(2));
})()`;

describeWithParts('page', ['chromium'], () => {
  let server: TestServer;
  let browser: Browser;
  beforeAll(async () => {
    [server, browser] = await Promise.all([startServer(), launchChromium()]);
  });
  afterAll(() => Promise.all([server?.stop(), browser?.close()]));

  interface Opened extends AsyncDisposable {
    readonly page: Page;
    /** What went wrong: console errors, exceptions, requests that failed or left the server. */
    readonly problems: string[];
  }

  type PageOptions = NonNullable<Parameters<Browser['newContext']>[0]>;

  async function open(options: PageOptions = {}, url: string = server.url): Promise<Opened> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
    const page = await context.newPage();
    const problems: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') problems.push(message.text());
    });
    page.on('pageerror', (error) => problems.push(`exception: ${error.message}`));
    page.on('requestfailed', (request) => problems.push(`failed: ${request.url()}`));
    page.on('request', (request) => {
      if (!/^data:/.test(request.url()) && !request.url().startsWith(url))
        problems.push(`left: ${request.url()}`);
    });
    await page.addInitScript(watchPaints);
    await page.goto(`${url}/`);
    await page.locator('main[data-state=known]').waitFor();
    return { page, problems, [Symbol.asyncDispose]: () => context.close() };
  }

  async function askForNicknames(page: Page, mood: string): Promise<void> {
    await page.getByLabel('How do you feel?').fill(mood);
    await page.getByRole('button', { name: 'Get nicknames' }).click();
    await page.locator('#try-phases .segment').first().waitFor();
  }

  const widths = (page: Page, bar: string): Promise<number[]> =>
    page.evaluate<number[]>(
      `[...document.querySelectorAll('${bar} .segment')].map((it) => Number.parseFloat(it.style.width))`,
    );
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

  test('opens without errors, says what it is and that the server is ready', async () => {
    await using opened = await open();
    const { page, problems } = opened;
    expect(await page.title()).toBe('Inferometer');
    expect(await page.locator('html').getAttribute('lang')).toBe('en');
    expect(await page.getByRole('heading', { level: 1 }).allTextContents()).toEqual(['Inferometer']);
    await page.locator('#readiness[data-state=ready]').getByText('ready').waitFor();
    for (const link of await page.getByRole('navigation').getByRole('link').all()) {
      const answer = await fetch(new URL((await link.getAttribute('href')) ?? '', `${server.url}/`));
      expect([await link.textContent(), answer.status]).toEqual([await link.textContent(), 200]);
    }
    expect(problems).toEqual([]);
  });

  test('can be used by keyboard and by name: every field has a label, every button a text, no id comes twice', async () => {
    await using opened = await open();
    const { page } = opened;
    const nameless = `[...document.querySelectorAll('input, textarea, select')].filter((it) => !it.labels?.length).length
      + [...document.querySelectorAll('button, a')].filter((it) => it.textContent.trim() === '').length
      + [...document.querySelectorAll('img:not([alt]), [role=img]:not([aria-label])')].length`;
    expect(await page.evaluate(nameless)).toBe(0);
    const ids = await page.evaluate<string[]>(`[...document.querySelectorAll('[id]')].map((it) => it.id)`);
    expect(ids).toHaveLength(new Set(ids).size);
    const mood = page.getByLabel('How do you feel?');
    for (let presses = 0; presses < 10 && !(await mood.evaluate((it) => it.matches(':focus'))); presses++) {
      await page.keyboard.press('Tab');
    }
    expect(await page.evaluate(`getComputedStyle(document.activeElement).outlineStyle`)).toBe('solid');
    await page.keyboard.press('Enter');
    await page.locator('#nicknames li').first().waitFor();
  });

  test('gives five nicknames for a sentence, and where the time of that request went', async () => {
    await using opened = await open();
    const { page, problems } = opened;
    await askForNicknames(page, sleepy);
    expect(await page.locator('#nicknames li').count()).toBe(5);
    const scores = (await page.locator('#nicknames .value').allTextContents()).map(Number);
    expect(scores).toEqual([...scores].sort((a, b) => b - a));
    const shares = await widths(page, '#try-phases');
    expect(shares.length).toBeGreaterThan(3);
    expect(sum(shares)).toBeCloseTo(100, 2);
    const drawn = `(() => {
      const bar = document.querySelector('#try-phases .bar');
      const parts = [...bar.children].map((it) => it.getBoundingClientRect().width);
      return parts.reduce((a, b) => a + b, 0) / bar.getBoundingClientRect().width;
    })()`;
    expect(await page.evaluate(drawn)).toBeCloseTo(1, 2);
    const legend = (await page.locator('#try-phases .legend .value').allTextContents()).map(Number);
    const total = Number.parseFloat((await page.locator('#try-phases .scale').textContent())?.slice(1) ?? '');
    expect(legend).toHaveLength(phaseCount);
    expect(sum(legend)).toBeCloseTo(total, 2);
    expect(await page.locator('#try-phases .segment').first().getAttribute('title')).toMatch(
      /^admission .* ms/,
    );
    expect(await page.locator('#batch-size').textContent()).toBe('1');
    expect(problems).toEqual([]);
  });

  test('makes Korean nicknames of a Korean sentence, and offers both as examples', async () => {
    await using opened = await open();
    const { page, problems } = opened;
    await page.getByRole('button', { name: sleepyKorean }).click();
    await page.locator('#nicknames li').first().waitFor();
    expect(await page.getByLabel('How do you feel?').inputValue()).toBe(sleepyKorean);
    const names = page.locator('#nicknames .nickname');
    expect(await names.first().textContent()).toMatch(/^[가-힣 ]+$/);
    expect(await names.first().getAttribute('lang')).toBe('ko');
    expect(await page.getByLabel('Beginning').inputValue()).toContain(await names.first().textContent());
    expect(problems).toEqual([]);
  });

  test('lists requests newest first, with status, time and a bar', async () => {
    await using opened = await open();
    const { page, problems } = opened;
    await page.getByRole('button', { name: 'Clear' }).click();
    await page.getByText('No requests recorded yet').waitFor();
    expect(await page.locator('#requests tbody tr').count()).toBe(0);
    expect(await page.locator('#curl').textContent()).toContain(`curl -s ${server.url}/nicknames `);
    await askForNicknames(page, sleepy);
    // Somebody else's request comes by itself.
    await server.post('/embed', { inputs: 'hello' });
    await page.locator('#requests tbody tr').nth(1).waitFor();
    const rows = page.locator('#requests tbody tr');
    expect(await rows.locator('.route').allTextContents()).toEqual(['/embed', '/nicknames']);
    expect(await rows.locator('.model').allTextContents()).toEqual(['nickname-encoder', 'nickname-encoder']);
    expect(await rows.locator('.state').allTextContents()).toEqual(['200', '200']);
    for (const total of await rows.locator('.total').allTextContents())
      expect(Number(total)).toBeGreaterThan(0);
    expect(sum(await widths(page, '#requests tbody tr:first-child'))).toBeCloseTo(100, 2);
    const trace = await server.get<{ fn_name: string }>(
      `/${await rows.first().getByRole('link').getAttribute('href')}`,
    );
    expect(trace.fn_name).toBe('/embed');
    expect(problems).toEqual([]);
  });

  test('sums requests up, and forgets them on Clear', async () => {
    await using opened = await open();
    const { page, problems } = opened;
    await askForNicknames(page, sleepy);
    const means = page.locator('#summary tbody tr td:nth-of-type(2)');
    await page
      .locator('#summary tbody tr')
      .last()
      .getByText(/\d\.\d{3}/)
      .first()
      .waitFor();
    const values = (await means.allTextContents()).map(Number);
    expect(values).toHaveLength(phaseCount + 1);
    expect(sum(values.slice(0, phaseCount))).toBeCloseTo(values[phaseCount] as number, 2);
    expect(sum(await widths(page, '#summary-bar'))).toBeCloseTo(100, 2);
    await page.getByRole('button', { name: 'Clear' }).click();
    await page.getByText('nothing recorded').waitFor();
    expect(new Set(await page.locator('#summary tbody td').allTextContents())).toEqual(new Set(['–']));
    await page.getByText('No requests recorded yet').waitFor();
    expect(await server.get('/profiling/traces')).toEqual([]);
    expect(problems).toEqual([]);
  });

  test('writes a story token by token, and says how fast', async () => {
    await using opened = await open();
    const { page, problems } = opened;
    await page.evaluate(`{
      window.steps = 0;
      new MutationObserver(() => { window.steps += 1; })
        .observe(document.querySelector('#story-text'), { childList: true, subtree: true });
    }`);
    await page.getByRole('button', { name: 'Write' }).press('Enter');
    await page
      .locator('#story-end')
      .getByText(/stop|length/)
      .waitFor();
    expect((await page.locator('#story-text .told').textContent())?.length).toBeGreaterThan(40);
    expect(await page.evaluate(`window.steps`)).toBeGreaterThan(5);
    expect(await page.locator('#story-ttft').textContent()).toMatch(/^\d+\.\d ms$/);
    expect(Number(await page.locator('#story-rate').textContent())).toBeGreaterThan(0);
    expect(Number(await page.locator('#story-tokens').textContent())).toBeGreaterThan(5);
    // The button that was pressed can be pressed again.
    expect(await page.getByRole('button', { name: 'Write' }).evaluate((it) => it.matches(':focus'))).toBe(
      true,
    );
    await page.locator('#story-phases [data-phase=run].segment').waitFor();
    expect(sum(await widths(page, '#story-phases'))).toBeCloseTo(100, 2);
    expect(problems).toEqual([]);
  });

  test('stops a story on Stop: no more text comes, and the server has seen it', async () => {
    await using opened = await open();
    const { page, problems } = opened;
    // Pressed as the first words come, from within: from outside, the story may have ended by then.
    await page.evaluate(`{
      const stop = document.querySelector('#story-stop');
      new MutationObserver(() => { if (document.querySelector('.told')?.textContent) stop.click(); })
        .observe(document.querySelector('#story-text'), { childList: true, subtree: true });
    }`);
    // Nothing that was aborted before is in the table.
    await fetch(`${server.url}/profiling/clear`, { method: 'POST' });
    // Others that generate take turns with the story, until it is stopped: alone it may be over before the browser's abort
    // gets there, and how long the browser takes to begin nobody knows.
    let stopped = false;
    const others = Array.from({ length: 2 }, async () => {
      const body = { prompt: 'mood: sleepy\nstory:', max_tokens: 200, n: 7, temperature: 2, seed: 1 };
      while (!stopped) await (await server.post('/v1/completions', body)).arrayBuffer();
    });
    await page.getByRole('button', { name: 'Write' }).click();
    await page
      .locator('#story-end')
      .getByText('you')
      .waitFor()
      .finally(() => {
        stopped = true;
      });
    await Promise.all(others);
    const told = await page.locator('.told').textContent();
    // In whichever row: the others may have ended after the story.
    await page.locator('#requests tbody tr').getByText('499 client_disconnected').waitFor();
    expect(await page.locator('.told').textContent()).toBe(told);
    expect(await page.getByRole('button', { name: 'Stop' }).isDisabled()).toBe(true);
    await page.locator('#story-phases .segment').first().waitFor();
    // What was aborted is a failed request to the browser, and nothing else is.
    expect(problems.filter((problem) => problem !== `failed: ${server.url}/v1/completions`)).toEqual([]);
  });

  test('shows the server’s own message for a request that it refuses', async () => {
    await using opened = await open();
    const { page } = opened;
    const text = 'x'.repeat(20_000);
    const refused = await server.post('/nicknames', { text });
    const { error } = (await refused.json()) as { error: { message: string } };
    await page.getByLabel('How do you feel?').fill(text);
    await page.getByRole('button', { name: 'Get nicknames' }).click();
    await page.locator('#nicknames .problem').waitFor();
    expect(await page.locator('#nicknames .problem').textContent()).toBe(error.message);
    expect(error.message).toContain('20000');
    await page.locator('#requests tbody tr').first().getByText('400 input_too_long').waitFor();
    await askForNicknames(page, sleepy);
    expect(await page.locator('#nicknames .problem').count()).toBe(0);
    await page.getByLabel('Beginning').fill('word '.repeat(2000));
    await page.getByRole('button', { name: 'Write' }).click();
    expect(await page.locator('#story-text .problem').textContent()).toMatch(/expected at most \d+ /);
  });

  test('never takes text for markup', async () => {
    await using opened = await open();
    const { page, problems } = opened;
    await page.getByLabel('Beginning').fill('<img src=x onerror=alert(1)>');
    await askForNicknames(page, '<b>sleepy</b><img src=x>');
    await page.getByRole('button', { name: 'Write' }).click();
    await page
      .locator('#story-end')
      .getByText(/stop|length/)
      .waitFor();
    expect(await page.locator('main img, main b').count()).toBe(0);
    expect(problems).toEqual([]);
  });

  test('embeds where no model makes nicknames, and has no story where none writes', async () => {
    await using dir = await tempDir('encoder-without-words');
    await cp(encoderDir, dir.path, { recursive: true });
    await Promise.all(['adjectives.json', 'animals.json'].map((name) => rm(dir.file(name))));
    await using other = await startServer({ args: ['--model', `plain=${dir.path}`] });
    await using opened = await open({}, other.url);
    const { page } = opened;
    expect(await page.getByRole('heading', { name: 'Write a story' }).isVisible()).toBe(false);
    await askForNicknames(page, sleepy);
    expect(await page.locator('#nicknames').textContent()).toContain('A vector of 128 dimensions');
    const [vector] = (await (await other.post('/embed', { inputs: sleepy })).json()) as number[][];
    expect((await page.locator('#nicknames .vector li').allTextContents()).map(Number)).toEqual(
      vector?.slice(0, 8).map((value) => Number(value.toFixed(5))),
    );
  });

  test('says so when the server goes away', async () => {
    await using other = await startServer({ args: ['--model', `encoder=${encoderDir}`] });
    await using opened = await open({}, other.url);
    const { page } = opened;
    await other.stop();
    await page.locator('#requests-note').getByText('The server does not answer.').waitFor();
    await page.locator('#readiness').getByText('no answer').waitFor();
    await page.getByRole('button', { name: 'Get nicknames' }).click();
    await page.locator('#nicknames').getByText('The server does not answer.').waitFor();
  });

  test.each(['light', 'dark'] as const)('has texts of AA contrast in %s', async (colorScheme) => {
    await using opened = await open({ colorScheme, reducedMotion: 'reduce' });
    const { page } = opened;
    await server.post('/embed', { inputs: 1 });
    await askForNicknames(page, sleepy);
    await page.locator('#requests tbody .failed').first().waitFor();
    expect(await page.evaluate(faintTexts)).toEqual([]);
  });

  test.each([360, 800, 1280])('fits %i px, and nothing moves as data comes', async (width) => {
    await using opened = await open({ viewport: { width, height: 900 } });
    const { page } = opened;
    await askForNicknames(page, sleepyKorean);
    await page.getByRole('button', { name: 'Write' }).click();
    await page
      .locator('#story-end')
      .getByText(/stop|length/)
      .waitFor();
    expect(await page.evaluate(`document.documentElement.scrollWidth`)).toBe(width);
    const paints = await page.evaluate<{ shift: number; largestMs: number; largest: string }>(
      `window.paints`,
    );
    console.info(`largest contentful paint at ${width} px: ${paints.largestMs} ms (${paints.largest})`);
    expect(paints.shift).toBeLessThan(0.01);
  });

  test('weighs little: 30 kB of script over the wire, 10 kB of style', async () => {
    const assets = fileURLToPath(new URL('../dist/page/assets/', import.meta.url));
    const sizes = { js: 0, css: 0 };
    for (const name of await readdir(assets)) {
      const gzipped = gzipSync(await readFile(assets + name)).length;
      if (name.endsWith('.js')) sizes.js += gzipped;
      else if (name.endsWith('.css')) sizes.css += gzipped;
      else expect.fail(`${name} is neither script nor style`);
    }
    expect(sizes.js).toBeGreaterThan(0);
    expect(sizes.js).toBeLessThan(30_000);
    expect(sizes.css).toBeGreaterThan(0);
    expect(sizes.css).toBeLessThan(10_000);
  });
});
