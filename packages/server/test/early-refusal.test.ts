import { connect } from 'node:net';
import { join } from 'node:path';
import { type RunningProcess, startProcess, waitFor, withoutOwnSettings } from '@inferometer/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encoderDir } from './serving.ts';

const long = 'words that take their time '.repeat(40);
const json = { 'content-type': 'application/json' };
/** Enough that a run takes a while, and no more than the model has room for. */
const rows = 16;
const tokens = 48;
const ints = (value: number) => Array.from({ length: rows * tokens }, () => value);
const tensor = (name: string, value: number) => ({
  name,
  datatype: 'INT64',
  shape: [rows, tokens],
  data: ints(value),
});

/** What a request to each kind of path takes to be long. */
const bodies: Readonly<Record<string, unknown>> = {
  '/v2/models/e/infer': { inputs: [tensor('input_ids', 7), tensor('attention_mask', 1)] },
  '/v2/models/e/versions/1/infer': { inputs: [tensor('input_ids', 7), tensor('attention_mask', 1)] },
  '/texts': { texts: [long] },
};

describe('an overload is refused before the body is there', () => {
  let server: RunningProcess;
  let url: string;
  beforeAll(async () => {
    server = await startProcess({
      name: 'a program that is easily too busy',
      command: process.execPath,
      args: [join(import.meta.dirname, 'pipelines/crowded.ts'), encoderDir],
      env: withoutOwnSettings(),
      ready: { output: /page\s+(http:\/\/\S+)\//, url: (match) => `${match[1]}/readyz` },
      readyTimeoutMs: 60_000,
    });
    url = server.match?.[1] as string;
  });
  afterAll(() => server?.stop());

  const post = async (path: string, body = bodies[path]): Promise<number> => {
    const response = await fetch(url + path, {
      method: 'POST',
      headers: json,
      body: JSON.stringify(body),
    });
    await response.arrayBuffer();
    return response.status;
  };

  /** Does something while twenty callers never rest. @returns the statuses that they got */
  const beside = async (path: string, work: () => Promise<unknown>): Promise<Set<number>> => {
    let isOver = false;
    const statuses = new Set<number>();
    const callers = Array.from({ length: 20 }, async () => {
      while (!isOver) statuses.add(await post(path));
    });
    try {
      await work();
    } finally {
      isOver = true;
      await Promise.all(callers);
    }
    return statuses;
  };

  /** The head of the answer to a request whose body never comes; undefined where none comes in 200 ms. */
  const headOnly = (path: string): Promise<string | undefined> =>
    new Promise((resolve, reject) => {
      const { hostname, port } = new URL(url);
      const socket = connect(Number(port), hostname);
      const head = `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100000\r\n\r\n`;
      socket.on('error', reject);
      socket.write(head);
      const timer = setTimeout(() => {
        socket.destroy();
        resolve(undefined);
      }, 200);
      socket.once('data', (data) => {
        clearTimeout(timer);
        socket.destroy();
        resolve(data.toString('latin1'));
      });
    });

  test.each(Object.keys(bodies))('%s', async (path) => {
    const expected = path.startsWith('/v2') ? 503 : 429;
    let head: string | undefined;
    const statuses = await beside(path, () =>
      waitFor('a refusal of what has no body yet', async () => {
        head = await headOnly(path);
        return head !== undefined;
      }),
    );
    expect(head).toMatch(new RegExp(`^HTTP/1.1 ${expected} `));
    expect(head).toMatch(/\r\nretry-after: [1-9]\d*\r\n/i);
    expect(statuses).toContain(200);
    expect([...statuses].every((status) => [200, expected].includes(status))).toBe(true);
    const metrics = await (await fetch(`${url}/metrics`)).text();
    // Patterns of routes: names of models would be a label without end.
    const route = path.replace('models/e', 'models/\\*model').replace('versions/1', 'versions/:version');
    expect(metrics).toMatch(new RegExp(`^inference_requests_total\\{[^}]*"${route}"[^}]*\\} [1-9]`, 'm'));
    expect(metrics).not.toContain('/v2/models/e/');
  });

  test('bodies that say how urgent they are get read from then on', async () => {
    const path = '/v2/models/e/infer';
    const urgent = { ...(bodies[path] as object), parameters: { priority: 1 } };
    expect(await post(path, urgent)).toBe(200);
    const statuses: number[] = [];
    await beside(path, async () => {
      for (let i = 0; i < 10; i++) statuses.push(await post(path, urgent));
    });
    expect(statuses).toEqual(Array(10).fill(200));
  });

  test('what is no path of a model is not refused', async () => {
    for (const path of ['/v2/models/nobody/infer', '/v2/models/%E0%A4%A/infer', '/nowhere']) {
      const response = await fetch(url + path, { method: 'POST', headers: json, body: '{}' });
      expect([400, 404], path).toContain(response.status);
    }
  });
});
