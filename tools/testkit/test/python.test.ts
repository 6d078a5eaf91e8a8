import { expect, test } from 'vitest';
import { describeWithParts, python } from '../src/index.ts';

describeWithParts('python', ['python'], () => {
  test('has what the test clients import, and no PyTorch', async () => {
    const code = `import importlib.util, numpy, onnx, onnxruntime, requests, safetensors, tokenizers
print(onnxruntime.__version__, importlib.util.find_spec('torch'))`;
    const { stdout, stderr } = await python(['-c', code]);
    expect(stdout, stderr).toMatch(/^1\.\d+\.\d+ None\n$/);
  });

  test('gives the code, and reads what it is given', async () => {
    const code = 'import sys; print(sys.stdin.read().upper()); sys.exit(3)';
    expect(await python(['-c', code], { stdin: 'text' })).toEqual({ code: 3, stdout: 'TEXT\n', stderr: '' });
  });

  test('ends a script that takes too long', async () => {
    const sleep = python(['-c', 'import time; print("busy", flush=True); time.sleep(60)'], {
      timeoutMs: 1_500,
    });
    await expect(sleep).rejects.toThrow(/ended by SIGKILL \(limit 1500 ms\).*busy/s);
  });
});
