import koffi from 'koffi';

/**
 * NVIDIA's management library, found as the dynamic linker finds libraries.
 * @param path file or name of the library
 * @throws {Error} if there is no such library, with the linker's own words
 */
export function loadLibrary(path = 'libnvidia-ml.so.1'): ReturnType<typeof koffi.load> {
  return koffi.load(path);
}
