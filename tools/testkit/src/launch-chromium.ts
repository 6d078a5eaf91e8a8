import type { Browser, LaunchOptions } from 'playwright-core';
import { requirePart } from './parts/find-part.ts';

const args = [
  // In a container Chromium usually runs as root, where its sandbox cannot work. Tests open their own pages only.
  '--no-sandbox',
  '--disable-gpu',
  // A container's /dev/shm may be as small as 64 MiB.
  '--disable-dev-shm-usage',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** A headless Chromium with a profile of its own, which goes with it. `await using`, or `close()`. */
export async function launchChromium(options: LaunchOptions = {}): Promise<Browser> {
  const { path } = requirePart('chromium');
  // Here and not above: it takes longer to load than all the rest, and most suites open no browser.
  const { chromium } = await import('playwright-core');
  return chromium.launch({
    executablePath: path,
    timeout: 60_000,
    ...options,
    args: [...args, ...(options.args ?? [])],
  });
}
