import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { describeWithParts, startRedis } from '../src/index.ts';
import { isGone } from './gone.ts';

/** What Redis answers to inline commands, up to the one to QUIT. */
async function converse(port: number, commands: readonly string[]): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write([...commands, 'QUIT', ''].join('\r\n'));
  let answer = '';
  for await (const data of socket) answer += data;
  return answer;
}

describeWithParts('startRedis', ['redis-server'], () => {
  test('starts an empty Redis that is gone after stop', async () => {
    await using redis = await startRedis();
    expect(redis.url).toBe(`redis://127.0.0.1:${redis.port}`);
    expect(await converse(redis.port, ['DBSIZE', 'SET a 1', 'GET a'])).toBe(
      ':0\r\n+OK\r\n$1\r\n1\r\n+OK\r\n',
    );
    await redis.stop();
    expect(isGone(redis.pid)).toBe(true);
  });

  test('says what is wrong with a flag', async () => {
    await expect(startRedis({ extraFlags: ['--no-such-flag', 'yes'] })).rejects.toThrow(/no-such-flag/);
  });
});
