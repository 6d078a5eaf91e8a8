#!/usr/bin/env node
// Plain JavaScript, so that the link npm makes at install works before the first build.
import { existsSync } from 'node:fs';
import * as module from 'node:module';

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 15)) {
  process.stderr.write(`inferometer needs Node 22.15 or newer, this is ${process.versions.node}\n`);
  process.exit(2);
}
const cli = new URL('../dist/cli.js', import.meta.url);
if (!existsSync(cli)) {
  process.stderr.write('inferometer is not built yet: run npm run build in the checkout\n');
  process.exit(2);
}
// Compiled code is kept for the next start where the system has a place for it.
module.enableCompileCache?.();
// Executors and the telemetry worker find it by this.
const cache = module.getCompileCacheDir?.();
if (cache !== undefined) process.env.NODE_COMPILE_CACHE ??= cache;
await import(cli.href);
