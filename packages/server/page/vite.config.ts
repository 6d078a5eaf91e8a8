import { defineConfig } from 'vite';

export default defineConfig({
  // Relative, so that the page also works below a path of a proxy.
  base: './',
  build: {
    outDir: '../dist/page',
    emptyOutDir: true,
    modulePreload: { polyfill: false },
  },
});
