export { loadLibrary } from './nvml/load-library.ts';
