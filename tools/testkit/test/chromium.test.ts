import { expect, test } from 'vitest';
import { describeWithParts, launchChromium, waitFor } from '../src/index.ts';
import { isGone } from './gone.ts';

describeWithParts('launchChromium', ['chromium'], () => {
  test('opens a page, renders Korean, and is gone after close', async () => {
    await using browser = await launchChromium();
    const page = await browser.newPage();
    await page.setContent('<title>live</title><span>가</span><br><span>\u{10ffff}</span>');
    expect(await page.title()).toBe('live');
    // Without a Korean font both would be the box that stands for an unknown character.
    const [korean, unknown] = await page.locator('span').all();
    expect(await korean?.screenshot()).not.toEqual(await unknown?.screenshot());
    const session = await browser.newBrowserCDPSession();
    const { processInfo } = await session.send('SystemInfo.getProcessInfo');
    const pids = processInfo.map(({ id }) => id);
    expect(pids.length).toBeGreaterThan(1);
    await browser.close();
    await waitFor('all its processes to be gone', () => pids.every(isGone));
  });
});
