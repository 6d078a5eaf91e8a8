/** Hooks that run in the executor: bytes in, their doubles out. They import nothing. */

export function preprocess(input, { inputs }) {
  if (!(input instanceof Uint8Array)) {
    throw Object.assign(new Error(`expected bytes, got ${typeof input}`), {
      code: 'INVALID_INPUT',
      field: 'body',
    });
  }
  if (input[0] === 254) throw new Error('this hook is broken');
  if (input[0] === 253) process.kill(process.pid, 'SIGKILL');
  // Busy for so long that whatever comes meanwhile waits together.
  if (input[0] === 250) for (const endMs = performance.now() + 300; performance.now() < endMs; );
  return { [inputs[0].name]: { type: 'float32', dims: [1, input.length], data: Float32Array.from(input) } };
}

export async function postprocess({ y }, { input }) {
  if (input[0] === 252) throw new Error('no answer for this');
  if (input[0] === 251) return () => 'functions cannot travel';
  return { pid: process.pid, doubled: [...y.data], bytes: input.length };
}
